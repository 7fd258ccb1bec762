// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Synchronization

/// SIGINT, SIGTERM and a daemon's SIGHUP: kept until the command looks, so that it ends in order wherever it is.
enum Interruption {
    private static let pending = Atomic<Int32>(0)
    private static let wantsReload = Atomic<Bool>(false)

    /// From now on both signals are only noted. Call before the EAL starts its threads.
    static func watch() {
        // The first use initialises `pending`, which a handler must not do.
        pending.store(0, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] { _ = Foundation.signal(number) { Interruption.note($0) } }
    }

    /// From now on SIGHUP asks for a reload.
    static func watchReload() {
        wantsReload.store(false, ordering: .relaxed)
        _ = Foundation.signal(SIGHUP) { _ in Interruption.wantsReload.store(true, ordering: .relaxed) }
    }

    /// From now on they end the process at once, as they do by themselves: for a command that has nothing to take down.
    static func leaveToSystem() { for number in [SIGINT, SIGTERM] { _ = Foundation.signal(number, SIG_DFL) } }

    private static func note(_ number: Int32) { pending.store(number, ordering: .relaxed) }

    /// The signal that came, if one did.
    static var signal: Int32? {
        let number = pending.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Whether a reload was asked for since the last look.
    static func takeReload() -> Bool { wantsReload.exchange(false, ordering: .relaxed) }

    /// Throws when a signal came.
    static func check() throws(Interrupted) {
        if let signal { throw Interrupted(signal: signal) }
    }
}
