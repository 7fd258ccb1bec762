// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// What the engine of a NIC shares with the drivers of its queues, in memory that other processes of the EAL find by the NIC's name:
/// a driver's half may run in the process of an attached guest.
///
///     bytes 0 …    header: mark, queue pairs, bytes of an EngineState, bytes of a QueueProgress (64 bits each)
///     64 …         EngineState
///     then         a QueueProgress for each queue pair
final class SharedNICMemory: Sendable {
    let queueCount: Int
    private let zone: SharedZone

    private static let mark: UInt64 = 0x5644_4354_4E49_4301
    private static let headerBytes = 64
    private static var stateBytes: Int { PinnedBlock<EngineState>.byteCount }
    private static var progressBytes: Int { PinnedBlock<QueueProgress>.byteCount }

    private static func zoneName(_ nic: String) -> String { "\(nic)-shared" }
    private static func byteCount(_ queues: Int) -> Int { headerBytes + stateBytes + queues * progressBytes }
    private static func header(_ queues: Int) -> [UInt64] { [mark, UInt64(queues), UInt64(stateBytes), UInt64(progressBytes)] }

    /// Makes it, for a new NIC.
    init(nic: String, queueCount: Int, numaNode: Int) throws(DPDKError) {
        zone = try SharedZone(reserving: Self.zoneName(nic), byteCount: Self.byteCount(queueCount), numaNode: numaNode)
        self.queueCount = queueCount
        for (place, word) in Self.header(queueCount).enumerated() {
            unsafe zone.address.storeBytes(of: word, toByteOffset: place * 8, as: UInt64.self)
        }
    }

    /// Finds that of a NIC in another process.
    init(ofNIC nic: String) throws(DPDKError) {
        let first = try SharedZone(named: Self.zoneName(nic), byteCount: Self.headerBytes)
        let count = unsafe Int(truncatingIfNeeded: first.address.load(fromByteOffset: 8, as: UInt64.self))
        let found = (0..<4).map { unsafe first.address.load(fromByteOffset: $0 * 8, as: UInt64.self) }
        guard (1...Port.maximumRingQueuePairs).contains(count), found == Self.header(count) else {
            throw DPDKError("open \(nic)", code: 71, detail: "the host is of another build: use the same one")
        }
        zone = try SharedZone(named: Self.zoneName(nic), byteCount: Self.byteCount(count))
        queueCount = count
    }

    func makeState() -> PinnedBlock<EngineState> {
        unsafe PinnedBlock(EngineState(), at: zone.address + Self.headerBytes, of: self)
    }

    func makeProgress(_ queue: Int) -> PinnedBlock<QueueProgress> {
        unsafe PinnedBlock(QueueProgress(), at: address(queue), of: self)
    }

    /// Those of the NIC's own process.
    var state: PinnedBlock<EngineState> { unsafe PinnedBlock(sharedAt: zone.address + Self.headerBytes, of: self) }
    func progress(_ queue: Int) -> PinnedBlock<QueueProgress> { unsafe PinnedBlock(sharedAt: address(queue), of: self) }

    private func address(_ queue: Int) -> UnsafeMutableRawPointer {
        precondition(queue >= 0 && queue < queueCount, "no such queue pair")
        return unsafe zone.address + Self.headerBytes + Self.stateBytes + queue * Self.progressBytes
    }
}
