// SPDX-License-Identifier: BSD-3-Clause

/// The name of a plugin that is a file of its own: never a path.
public enum PluginName {
    /// Octets of the longest name.
    public static let maximumLength = 64

    /// Whether `name` has 1 to 64 of the ASCII letters and digits, `-`, `_` and `.`, and does not begin with `.`.
    public static func isValid(_ name: String) -> Bool {
        guard (1...maximumLength).contains(name.utf8.count), name.utf8.first != UInt8(ascii: ".") else { return false }
        return name.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }

    /// `libNAME.so`: what SwiftPM, Cargo, CMake and Meson call a shared library named NAME, so that copying what was built is all
    /// of an installation.
    static func file(_ name: String) -> String { "lib\(name).so" }

    /// The plugin's name; nil when no plugin has such a file.
    static func ofFile(_ file: String) -> String? {
        guard file.hasPrefix("lib"), file.hasSuffix(".so") else { return nil }
        let name = String(file.dropFirst(3).dropLast(3))
        return isValid(name) ? name : nil
    }
}
