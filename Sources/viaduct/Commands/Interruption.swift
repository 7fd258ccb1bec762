// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Synchronization

/// SIGINT and SIGTERM: kept until the command looks, so that it ends in order wherever it is.
enum Interruption {
    private static let pending = Atomic<Int32>(0)

    /// From now on both signals are only noted. Call before the EAL starts its threads.
    static func watch() {
        // The first use initialises `pending`, which a handler must not do.
        pending.store(0, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] { _ = Foundation.signal(number) { Interruption.note($0) } }
    }

    private static func note(_ number: Int32) { pending.store(number, ordering: .relaxed) }

    /// The signal that came, if one did.
    static var signal: Int32? {
        let number = pending.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Throws when a signal came.
    static func check() throws(Interrupted) {
        if let signal { throw Interrupted(signal: signal) }
    }
}
