// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Users and groups of this machine, by name or number.
enum UserDirectory {
    static func user(_ name: String) -> uid_t? {
        if let number = uid_t(name) { return number }
        guard let entry = unsafe getpwnam(name) else { return nil }
        return unsafe entry.pointee.pw_uid
    }

    static func group(_ name: String) -> gid_t? {
        if let number = gid_t(name) { return number }
        guard let entry = unsafe getgrnam(name) else { return nil }
        return unsafe entry.pointee.gr_gid
    }
}
