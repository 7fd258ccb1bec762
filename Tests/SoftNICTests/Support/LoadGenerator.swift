// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// Both ends of a NIC on one lcore: sends numbered frames from the far end to each address in turn, gives what its
/// queues receive back to the wire, and checks that in each queue, and from each queue, numbers only rise.
///
/// Belongs to its loop while that runs it, and to the test afterwards.
struct LoadGenerator: ~Copyable {
    let peer: QueuePair
    let peerPool: MempoolHandle
    let queues: [QueuePair]
    let addresses: Int
    /// Whether new frames stop coming; set while no loop runs it.
    var isPaused = false

    var burst = MbufBurst(capacity: 32)
    var sequence: UInt32 = 0
    var injected: UInt64 = 0
    var received: [UInt64]
    var returned: UInt64 = 0
    var notTaken: UInt64 = 0
    var arrived: UInt64 = 0
    var disorders = 0
    var corruptions = 0
    /// Newest number by queue and address on receipt, and by queue from the wire.
    var newestReceived: [UInt32]
    var newestReturned: [UInt32]
    /// Frames by queue and address.
    var steered: [UInt64]

    init(rig: Rig, addresses: Int) {
        peer = rig.peer
        peerPool = rig.peerPool.handle
        queues = rig.queues
        self.addresses = addresses
        received = Array(repeating: 0, count: queues.count)
        steered = Array(repeating: 0, count: queues.count * addresses)
        newestReceived = steered.map { _ in 0 }
        newestReturned = newestReceived
    }

    /// What follows the number in a frame of that number and length.
    private static func filler(_ sequence: UInt32, _ offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: Int(truncatingIfNeeded: sequence) &* 31 &+ offset)
    }

    mutating func poll() -> Int {
        var work = 0
        if !isPaused { work += inject() }
        for index in queues.indices { work += turnRound(index) }
        return work + takeFromWire()
    }

    private mutating func inject() -> Int {
        guard peerPool.allocate(8, into: &burst) else { return 0 }
        for index in 0..<burst.count {
            sequence += 1
            let mbuf = burst[index]
            // 60 to 123 bytes.
            guard mbuf.setLength(60 + Int(sequence & 63)) else {
                corruptions += 1
                continue
            }
            let bytes = mbuf.mutableBytes
            bytes.set(mac: .guest(UInt64(sequence) % UInt64(addresses)), at: 0)
            bytes.set(mac: .guest(0xEE), at: 6)
            bytes.set(u16: 0x88B6, at: 12)
            bytes.set(u32: sequence, at: 14)
            for offset in 18..<bytes.count { bytes.set(u8: Self.filler(sequence, offset), at: offset) }
        }
        let sent = peer.transmit(&burst)
        injected += UInt64(sent)
        // A number that did not go out is simply missing.
        burst.free()
        return sent
    }

    private mutating func check(_ mbuf: Mbuf) -> (address: Int, sequence: UInt32)? {
        let bytes = mbuf.bytes
        guard bytes.count >= 60 else { return nil }
        let sequence = bytes.u32(at: 14)
        guard bytes.count == 60 + Int(sequence & 63) else { return nil }
        for offset in 18..<bytes.count where bytes[offset] != Self.filler(sequence, offset) { return nil }
        return (Int(sequence) % addresses, sequence)
    }

    /// Receives from a queue and sends the same frames out of it, with the queue's number in the source address.
    private mutating func turnRound(_ index: Int) -> Int {
        let count = queues[index].receive(into: &burst)
        for slot in 0..<count {
            guard let (address, sequence) = check(burst[slot]) else {
                corruptions += 1
                continue
            }
            let flow = index * addresses + address
            if sequence <= newestReceived[flow] { disorders += 1 }
            newestReceived[flow] = sequence
            steered[flow] += 1
            burst[slot].mutableBytes.set(mac: .guest(UInt64(index)), at: 6)
        }
        received[index] += UInt64(count)
        returned += UInt64(queues[index].transmit(&burst))
        notTaken += UInt64(burst.free())
        return count
    }

    private mutating func takeFromWire() -> Int {
        let count = peer.receive(into: &burst)
        for slot in 0..<count {
            guard let (address, sequence) = check(burst[slot]) else {
                corruptions += 1
                continue
            }
            let queue = Int(burst[slot].bytes.mac(at: 6).rawValue - MACAddress.guest(0).rawValue)
            guard queues.indices.contains(queue) else {
                corruptions += 1
                continue
            }
            let flow = queue * addresses + address
            if sequence <= newestReturned[flow] { disorders += 1 }
            newestReturned[flow] = sequence
        }
        arrived += UInt64(count)
        burst.free()
        return count
    }
}

/// For a poll loop.
func loadGeneratorPoll(_ context: UnsafeMutableRawPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: unsafe context.assumingMemoryBound(to: LoadGenerator.self).pointee.poll())
}
