// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

/// The driver's side of one queue pair: posts empty buffers, reaps completions. It alone touches the owner's pool.
///
/// - Lcore: the queue owner's, inside its receive and transmit bursts.
@safe
struct DriverQueue: ~Copyable {
    private let receiveRing: MbufRingHandle
    private let transmitRing: MbufRingHandle
    private let postedRing: MbufRingHandle
    private let completedRing: MbufRingHandle
    private let progress: UnsafeMutablePointer<QueueProgress>
    private let transmitDescriptors: Int

    /// From the queue's set-up; nothing is posted before.
    private var pool: MempoolHandle?
    private var receiveDescriptors = 0
    /// Buffers are posted by so many at once.
    private var refillBatch = 1
    private var burst = MbufBurst(capacity: 32)

    private var buffersPosted: UInt64 = 0
    private var framesPosted: UInt64 = 0
    private var framesReaped: UInt64 = 0
    /// One counter, ``framesPosted`` for others to read.
    private let counters: Counters

    init(rings: QueueRings, progress: PinnedBlock<QueueProgress>, counters: Counters, transmitDescriptors: Int) {
        receiveRing = rings.receive.handle
        transmitRing = rings.transmit.handle
        postedRing = rings.posted.handle
        completedRing = rings.completed.handle
        unsafe self.progress = progress.pointer
        self.counters = counters
        self.transmitDescriptors = transmitDescriptors
    }

    /// Control plane, before the queue is polled.
    mutating func setUp(pool: MempoolHandle, descriptors: Int) {
        self.pool = pool
        receiveDescriptors = descriptors
        refillBatch = max(1, min(burst.capacity, descriptors / 2))
    }

    /// Behind each receive burst.
    @_noLocks
    mutating func received() {
        reap()
        guard let pool else { return }
        // Read before the ring: a frame that is delivered in between counts twice, never not at all.
        let delivered = unsafe progress.pointee.delivered.load(ordering: .acquiring)
        var outstanding = Int(truncatingIfNeeded: buffersPosted &- delivered) + receiveRing.count
        while receiveDescriptors - outstanding >= refillBatch {
            // A pool that has run dry is the owner's business: the NIC counts what it can't receive.
            guard pool.allocate(refillBatch, into: &burst) else { return }
            let posted = postedRing.enqueue(&burst)
            precondition(burst.isEmpty, "a posted ring has room for every descriptor")
            buffersPosted &+= UInt64(truncatingIfNeeded: posted)
            outstanding += posted
        }
    }

    /// In front of each transmit burst: how many of `offered` frames the ring will take.
    @_noLocks
    mutating func transmitting(_ offered: Int) -> Int {
        reap()
        let outstanding = Int(truncatingIfNeeded: framesPosted &- framesReaped)
        let descriptors = transmitDescriptors - outstanding
        let room = transmitRing.freeCount
        var count = descriptors < room ? descriptors : room
        if offered < count { count = offered }
        framesPosted &+= UInt64(truncatingIfNeeded: count)
        counters.set(framesPosted, at: 0)
        return count
    }

    /// Whether all posted frames but the `newer` last ones are on the wire, or never will be.
    @_noLocks
    func isTransmitDone(exceptNewest newer: UInt32) -> Bool {
        unsafe framesPosted &- progress.pointee.transmitted.load(ordering: .acquiring) <= UInt64(newer)
    }

    /// Frees what was sent, into the pools of the queue's owner.
    @_noLocks
    private mutating func reap() {
        while completedRing.dequeue(into: &burst) > 0 {
            framesReaped &+= UInt64(truncatingIfNeeded: burst.free())
        }
    }
}
