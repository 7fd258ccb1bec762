// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// What the device behind a software VI keeps, on the guest's lcore, and shares with netback's.
@safe
struct SoftwareQueueState: ~Copyable {
    let uplink: PortID
    let fromGuest: MbufRingHandle
    /// Frames that the guest posted. Written by the guest's lcore.
    var posted: UInt64 = 0
    /// Frames of those that are in the uplink's outbox, or dropped. Written by netback's lane, on a cache line of its own.
    let settled: UnsafeMutablePointer<Atomic<UInt64>>

    init(uplink: PortID, fromGuest: MbufRingHandle) {
        self.uplink = uplink
        self.fromGuest = fromGuest
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
        unsafe settled = memory.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
        unsafe settled.initialize(to: Atomic(0))
    }

    deinit {
        unsafe settled.deinitialize(count: 1)
        unsafe settled.deallocate()
    }

    /// How many of `count` frames the ring takes; they count as posted.
    @_noLocks
    mutating func post(_ count: UInt16) -> UInt16 {
        // Its one producer asks, so there may only be more room when the frames are put in.
        let room = fromGuest.freeCount
        let taken = room < Int(count) ? UInt16(truncatingIfNeeded: room) : count
        posted &+= UInt64(taken)
        return taken
    }

    @_noLocks
    func isDone(exceptNewest newer: UInt32) -> Bool {
        unsafe posted &- settled.pointee.load(ordering: .acquiring) <= UInt64(newer)
    }

    /// Frames were taken out by other means.
    func settle(_ count: Int) {
        unsafe _ = settled.pointee.add(UInt64(count), ordering: .releasing)
    }
}

@c(viaduct_software_queue_received) @_noLocks
func softwareQueueReceived(_ context: UnsafeMutableRawPointer, _ queue: UInt16) {
    // Nothing to refill: what arrives are netback's own mbufs.
}

@c(viaduct_software_queue_transmitting) @_noLocks
func softwareQueueTransmitting(
    _ context: UnsafeMutableRawPointer, _ queue: UInt16, _ mbufs: MbufSlots, _ count: UInt16
) -> UInt16 {
    unsafe context.assumingMemoryBound(to: SoftwareQueueState.self).pointee.post(count)
}

@c(viaduct_software_queue_clock) @_noLocks
func softwareQueueClock(_ context: UnsafeMutableRawPointer) -> UInt64 {
    unsafe context.assumingMemoryBound(to: SoftwareQueueState.self).pointee.uplink.clock
}

@c(viaduct_software_queue_transmit_done) @_noLocks
func softwareQueueTransmitDone(_ context: UnsafeMutableRawPointer, _ queue: UInt16, _ newer: UInt32) -> Int32 {
    unsafe context.assumingMemoryBound(to: SoftwareQueueState.self).pointee.isDone(exceptNewest: newer) ? 1 : 0
}
