// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Foundation

@testable import Acceleration

/// An in-memory link that says `full` now and then, by a fixed seed.
final class ReluctantControlLink: ControlLink, @unchecked Sendable {
    // SAFETY of `@unchecked Sendable`: `random` is touched only while `lock` is held.
    private let link: InMemoryControlLink
    private let lock = NSLock()
    private var random: SplitMix64

    var side: ControlSide { link.side }

    init(_ link: InMemoryControlLink, seed: UInt64) {
        self.link = link
        random = SplitMix64(seed: seed)
    }

    func send(_ message: ControlMessage) -> ControlSendResult {
        if case .localAddresses = message { return link.send(message) }
        return lock.withLock { random.oneIn(3) } ? .full : link.send(message)
    }

    func receive() -> ControlReceipt? { link.receive() }

    func reset() { link.reset() }
}
