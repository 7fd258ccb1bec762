// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What a poll loop or a hook that does not return may still touch: kept to the end of the process, on purpose.
final class Leaked: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `kept` is guarded by the lock.
    private static let shared = Leaked()
    private let lock = NSLock()
    private var kept: [Any] = []

    static func keep(_ things: Any...) { shared.lock.withLock { shared.kept += things } }
}
