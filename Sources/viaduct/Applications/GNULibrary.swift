// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Functions of the C library that Swift's Glibc module leaves out, because glibc declares them for `_GNU_SOURCE` only.
enum GNULibrary {
    /// `setns` (setns(2)); nil where the library has none.
    static let setNamespace: (@convention(c) (Int32, Int32) -> Int32)? = {
        guard let symbol = unsafe dlsym(nil, "setns") else { return nil }
        return unsafe unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
    }()

    typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    /// `posix_spawn_file_actions_addclosefrom_np` (glibc 2.34); nil where the library has none.
    @unsafe static let closeFrom: CloseFrom? = {
        guard let symbol = unsafe dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return nil }
        return unsafe unsafeBitCast(symbol, to: CloseFrom.self)
    }()
}
