// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// The release binary under test, named by the environment variable VIADUCT_BINARY.
enum BuiltBinary {
    static let path = ProcessInfo.processInfo.environment["VIADUCT_BINARY"]
    static var isNamed: Bool { path != nil }
}

/// Who runs the binary.
enum Account: CaseIterable, Sendable, CustomTestStringConvertible {
    case own
    /// Not root: no capability, no home, no group.
    case nobody

    static let isRoot = geteuid() == 0

    /// Root tries both; an ordinary user has only itself.
    static var available: [Account] { isRoot ? allCases : [.own] }

    var testDescription: String {
        switch self {
        case .own: Self.isRoot ? "as root" : "as this user"
        case .nobody: "as nobody"
        }
    }
}

/// All tests of the built binary: one after the other, since they look at the whole machine for what was left behind.
@Suite(.serialized, .enabled(if: BuiltBinary.isNamed, "VIADUCT_BINARY names no release binary"))
struct EndToEnd {}
