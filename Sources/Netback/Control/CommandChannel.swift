// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Foundation

/// The control plane's end of the ring on which commands go down to the lane. Any thread may send; nothing here calls back.
final class CommandChannel: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `sent` and the ring's producer side are guarded by the lock.
    /// How long the lane may take until it has taken a command.
    static let stuckAfterMilliseconds = 5000

    private let lock = NSLock()
    private let ring: WordRing
    private let taken: SharedWord
    private var sent: UInt64 = 0

    init(_ ring: WordRing, taken: SharedWord) {
        self.ring = ring
        self.taken = taken
    }

    /// The command's number; nil when the ring is full now.
    func send(_ command: LaneCommand) -> UInt64? {
        lock.withLock {
            guard ring.handle.freeCount >= LaneCommand.wordCount else { return nil }
            let words = command.words
            guard ring.handle.enqueue(words.0), ring.handle.enqueue(words.1) else { return nil }
            sent += 1
            return sent
        }
    }

    /// Sends a command and waits until the lane has carried it out; false when it does not.
    ///
    /// - Parameter whileWaiting: called now and then: the lane takes no command while its events are not read.
    func carryOut(_ command: LaneCommand, whileWaiting: () -> Void) -> Bool {
        let end = DispatchTime.now() + .milliseconds(Self.stuckAfterMilliseconds)
        var number = send(command)
        while true {
            if let number, taken.load() >= number { return true }
            if DispatchTime.now() >= end { return false }
            whileWaiting()
            usleep(50)
            if number == nil { number = send(command) }
        }
    }
}
