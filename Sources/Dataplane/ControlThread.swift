// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A thread of the control plane that runs a closure at a fixed interval: reads what the poll loops report, moves state
/// machines on, checks time limits. It never polls.
public final class ControlThread: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the flags are guarded by the condition.
    private let condition = NSCondition()
    private var isStopping = false
    private var hasEnded = false

    /// Starts calling `tick` every `intervalMicroseconds`, on a thread of its own.
    public init(name: String, intervalMicroseconds: Int, tick: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            while true {
                tick()
                condition.lock()
                if !isStopping {
                    _ = condition.wait(until: Date(timeIntervalSinceNow: Double(intervalMicroseconds) / 1_000_000))
                }
                let ends = isStopping
                if ends {
                    hasEnded = true
                    condition.broadcast()
                }
                condition.unlock()
                if ends { return }
            }
        }
        thread.name = name
        thread.start()
    }

    /// Ends the thread; when this returns `tick` runs no more. Must not be called from `tick`.
    public func stop() {
        condition.lock()
        isStopping = true
        condition.broadcast()
        while !hasEnded { condition.wait() }
        condition.unlock()
    }
}
