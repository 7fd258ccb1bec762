// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// What a ``SoftNIC`` is made of.
public struct SoftNICConfiguration: Sendable, Equatable {
    /// Unique in the process, 1 to 14 bytes: its port is `net_ring_NAME`, its rings begin with it.
    public var name: String
    /// 1 to 16, the most that one net_ring port has.
    public var queuePairs: Int
    /// Whose flow engine it imitates.
    public var personality: Personality
    /// Same seed and same schedule, same behaviour.
    public var seed: UInt64
    public var delays: SoftNICDelays
    /// Size of each descriptor ring, 1 to 32768: the most that a port's queues may be set up with for receiving, and
    /// what they have for transmitting.
    public var descriptors: Int
    /// Rules that the flow table holds at most, 1 to 4096; one more is refused with ENOSPC.
    public var flowTableSize: Int
    /// Frames that wait for their delivery, for each queue; one more is a `missed` drop, as when a NIC's receive FIFO
    /// is full.
    public var receiveFIFO: Int
    /// Where the rings' memory lies; -1 for any node.
    public var numaNode: Int

    public init(
        name: String, queuePairs: Int, personality: Personality = .sfc, seed: UInt64 = 1,
        delays: SoftNICDelays = .hardware, descriptors: Int = 1024, flowTableSize: Int = 256, receiveFIFO: Int = 4096,
        numaNode: Int = -1
    ) {
        self.name = name
        self.queuePairs = queuePairs
        self.personality = personality
        self.seed = seed
        self.delays = delays
        self.descriptors = descriptors
        self.flowTableSize = flowTableSize
        self.receiveFIFO = receiveFIFO
        self.numaNode = numaNode
    }

    func validate() throws(DPDKError) {
        func require(_ isRight: Bool, _ detail: String) throws(DPDKError) {
            guard !isRight else { return }
            throw DPDKError("make the software NIC \(name)", code: 22, detail: detail)
        }
        try require((1...14).contains(name.utf8.count), "a name has 1 to 14 bytes")
        try require(
            (1...Port.maximumRingQueuePairs).contains(queuePairs),
            "\(queuePairs) queue pairs: a net_ring port has 1 to \(Port.maximumRingQueuePairs)")
        try require((1...32768).contains(descriptors), "\(descriptors) descriptors: a ring has 1 to 32768")
        try require((1...4096).contains(flowTableSize), "a flow table of \(flowTableSize) rules: it has 1 to 4096")
        try require((1...1 << 20).contains(receiveFIFO), "a receive FIFO of \(receiveFIFO) frames: it has 1 to 1048576")
    }
}

/// Upper bounds of the NIC's random delays, on the engine's clock. Each frame, rule and completion draws its own from 0
/// to the bound; none overtakes another of its kind in its queue.
public struct SoftNICDelays: Sendable, Equatable {
    /// From the wire to the receive ring; drawn for each queue by itself, so that queues overtake each other.
    public var deliveryNanoseconds: UInt32
    /// From a flow call's return to the rule's effect, or its end.
    public var ruleNanoseconds: UInt32
    /// From the engine's taking a frame to the return of the sender's mbuf, which is never before the frame is on the
    /// wire.
    public var completionNanoseconds: UInt32

    public init(deliveryNanoseconds: UInt32, ruleNanoseconds: UInt32, completionNanoseconds: UInt32) {
        self.deliveryNanoseconds = deliveryNanoseconds
        self.ruleNanoseconds = ruleNanoseconds
        self.completionNanoseconds = completionNanoseconds
    }

    /// No delay at all: each thing happens in the round in which it can.
    public static let none = SoftNICDelays(deliveryNanoseconds: 0, ruleNanoseconds: 0, completionNanoseconds: 0)
    /// No kinder than hardware: up to 80 us, 150 us and 60 us.
    public static let hardware = SoftNICDelays(
        deliveryNanoseconds: 80_000, ruleNanoseconds: 150_000, completionNanoseconds: 60_000)
}
