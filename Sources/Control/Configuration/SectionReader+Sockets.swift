// SPDX-License-Identifier: BSD-3-Clause
import Foundation

extension SectionReader {
    /// A full path that a socket's address has room for (`sun_path` is 108 bytes with its end, unix(7)).
    func socketPath(_ key: Key) -> String? {
        value(key, "a full path of at most 107 bytes") { text in
            text.hasPrefix("/") && !text.hasSuffix("/") && text.utf8.count <= 107 ? text : nil
        }
    }

    /// Octal, as chmod takes it.
    func fileMode(_ key: Key) -> UInt16? {
        value(key, "an octal mode from 0600 to 0777 such as 0660") { text in
            let digits = text.hasPrefix("0o") ? text.dropFirst(2) : text[...]
            guard (3...4).contains(digits.utf8.count), let mode = UInt16(digits, radix: 8), (0o600...0o777).contains(mode) else {
                return nil
            }
            return mode
        }
    }

    func user(_ key: Key) -> String? { value(key, "a user of this machine") { UserDirectory.user($0) == nil ? nil : $0 } }
    func group(_ key: Key) -> String? { value(key, "a group of this machine") { UserDirectory.group($0) == nil ? nil : $0 } }
}
