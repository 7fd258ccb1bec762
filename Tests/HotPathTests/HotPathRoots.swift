// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The hot functions, found where they are declared.
enum HotPathRoots {
    /// C symbols of every `@c @_noLocks` function in the Swift files under `folder`: pollers, plugin hooks, driver callbacks.
    static func inSources(under folder: URL) throws -> [String] {
        var names: Set<String> = []
        guard let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else { return [] }
        for case let file as URL in files where file.pathExtension == "swift" {
            names.formUnion(inSource(try String(contentsOf: file, encoding: .utf8)))
        }
        return names.sorted()
    }

    /// As `inSources(under:)`, in one file's text. `@c(name)` names the symbol, else it has the function's name.
    static func inSource(_ text: String) -> [String] {
        // Made here: a pattern that is kept is not Sendable.
        let declaration = /^@c(?:\((\w+)\))?\s+@_noLocks\s+(?:(?:public|package|internal|fileprivate|private)\s+)?func\s+(\w+)/
            .anchorsMatchLineEndings()
        return text.matches(of: declaration).map { String($0.output.1 ?? $0.output.2) }
    }

    /// What applications call on a guest's device, and the loop that calls all pollers, as far as they are not inlined.
    static func swiftEntryPoints(in disassembly: Disassembly) -> [String] {
        disassembly.addresses.keys.filter { name in
            (name.hasPrefix("$s8Netfront17GuestDeviceHandleV") && (name.hasSuffix("F") || name.hasSuffix("vg")))
                || (name.hasPrefix("$s9Dataplane8PollLaneV3run") && name.hasSuffix("F"))
        }
        .sorted()
    }
}
