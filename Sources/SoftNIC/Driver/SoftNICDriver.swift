// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// What stands in a driver's place behind the net_ring port: ethdev's burst callbacks run the functions below on the
/// lcore that owns a queue.
@safe
struct SoftNICDriver: ~Copyable {
    let queues: UnsafeMutablePointer<DriverQueue>
    let queueCount: Int
    let state: UnsafeMutablePointer<EngineState>

    init(queueCount: Int, state: PinnedBlock<EngineState>, makeQueue: (Int) -> DriverQueue) {
        self.queueCount = queueCount
        unsafe self.state = state.pointer
        unsafe queues = .allocate(capacity: queueCount)
        for index in 0..<queueCount { unsafe (queues + index).initialize(to: makeQueue(index)) }
    }

    deinit {
        unsafe queues.deinitialize(count: queueCount)
        unsafe queues.deallocate()
    }

    /// The queue's state; traps for a queue that ethdev could not have let through.
    @inline(__always) @_noLocks @unsafe
    static func queue(_ index: UInt16, of context: UnsafeMutableRawPointer) -> UnsafeMutablePointer<DriverQueue> {
        let driver = unsafe context.assumingMemoryBound(to: SoftNICDriver.self)
        precondition(unsafe Int(index) < driver.pointee.queueCount, "no such queue")
        return unsafe driver.pointee.queues + Int(index)
    }
}

@c @_noLocks
func softnic_received(_ context: UnsafeMutableRawPointer, _ queue: UInt16) {
    unsafe SoftNICDriver.queue(queue, of: context).pointee.received()
}

@c @_noLocks
func softnic_admitted(
    _ context: UnsafeMutableRawPointer, _ queue: UInt16, _ slots: MbufSlots, _ count: UInt16
) -> UInt16 {
    UInt16(truncatingIfNeeded: unsafe SoftNICDriver.queue(queue, of: context).pointee.admit(slots, Int(count)))
}

@c @_noLocks
func softnic_transmitting(
    _ context: UnsafeMutableRawPointer, _ queue: UInt16, _ slots: MbufSlots, _ count: UInt16
) -> UInt16 {
    UInt16(truncatingIfNeeded: unsafe SoftNICDriver.queue(queue, of: context).pointee.transmitting(Int(count)))
}

@c @_noLocks
func softnic_read_clock(_ context: UnsafeMutableRawPointer) -> UInt64 {
    unsafe context.assumingMemoryBound(to: SoftNICDriver.self).pointee.state.pointee.clock.load(ordering: .acquiring)
}

@c @_noLocks
func softnic_transmit_done(_ context: UnsafeMutableRawPointer, _ queue: UInt16, _ newer: UInt32) -> Int32 {
    unsafe SoftNICDriver.queue(queue, of: context).pointee.isTransmitDone(exceptNewest: newer) ? 1 : 0
}
