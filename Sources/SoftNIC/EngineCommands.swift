// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The way from the control plane's threads to the engine: one ring, a command whole or not at all.
final class EngineCommands: Sendable {
    static let capacity = 1024

    private let ring: WordRing
    private let lock = Lock(())

    init(_ configuration: SoftNICConfiguration) throws(DPDKError) {
        ring = try WordRing(
            name: "\(configuration.name)_flow", capacity: Self.capacity * 16, numaNode: configuration.numaNode)
    }

    var handle: WordRingHandle { ring.handle }
    var hasRoom: Bool { ring.handle.freeCount >= FlowCommand.wordCount }

    /// false when the engine has too much to do already.
    func send(_ command: FlowCommand) -> Bool {
        lock.withLock { _ in
            guard hasRoom else { return false }
            for word in command.words {
                let isSent = ring.handle.enqueue(word)
                precondition(isSent, "a ring with room takes a word")
            }
            return true
        }
    }
}
