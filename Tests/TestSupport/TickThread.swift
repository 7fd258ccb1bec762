// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Synchronization

/// A thread that calls something again and again, as a control plane does, until it is stopped.
public final class TickThread: Sendable {
    private let isEnding = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)

    public init(_ tick: @escaping @Sendable () -> Void) {
        let thread = Thread { [self] in
            while !isEnding.load(ordering: .acquiring) {
                tick()
                usleep(200)
            }
            hasEnded.store(true, ordering: .releasing)
        }
        thread.start()
    }

    /// Returns when the last call is over.
    public func stop() {
        isEnding.store(true, ordering: .releasing)
        while !hasEnded.load(ordering: .acquiring) { usleep(100) }
    }
}
