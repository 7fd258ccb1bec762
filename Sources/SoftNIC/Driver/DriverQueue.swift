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
    /// Received frames that left the ring, whether the owner got them or not.
    private var framesTaken: UInt64 = 0
    private let counters: Counters

    init(rings: QueueRings, progress: PinnedBlock<QueueProgress>, counters: Counters, transmitDescriptors: Int) {
        self.init(
            handles: rings.handles, progress: progress, counters: counters, transmitDescriptors: transmitDescriptors)
    }

    init(
        handles: QueueRingHandles, progress: PinnedBlock<QueueProgress>, counters: Counters, transmitDescriptors: Int
    ) {
        receiveRing = handles.receive
        transmitRing = handles.transmit
        postedRing = handles.posted
        completedRing = handles.completed
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

    /// In front of ``received()``, with what a receive burst took: how many of the frames the owner may see, from the first
    /// slot on. Those from before a stop are freed.
    @_noLocks
    mutating func admit(_ slots: MbufSlots, _ count: Int) -> Int {
        let before = framesTaken
        framesTaken &+= UInt64(truncatingIfNeeded: count)
        var gone = 0
        if isStopped(QueueProgress.stopped) {
            gone = count
        } else {
            let stale = unsafe progress.pointee.stale.load(ordering: .acquiring)
            if before >= stale { return count }
            let left = Int(truncatingIfNeeded: stale &- before)
            gone = left < count ? left : count
        }
        var index = 0
        while index < count {
            if index < gone {
                if let mbuf = unsafe slots[index] { unsafe burst.append(Mbuf(mbuf)) }
                if burst.freeCapacity == 0 { burst.free() }
            } else {
                unsafe slots[index - gone] = slots[index]
            }
            index += 1
        }
        burst.free()
        counters.add(gone, to: OwnerCounter.stale.index)
        return count - gone
    }

    /// Whether the queue, or its port, as the flags say, is stopped, or was and the engine has not seen yet that it is not any
    /// more.
    @_noLocks
    private mutating func isStopped(_ flags: UInt32) -> Bool {
        let wanted = unsafe progress.pointee.wanted.load(ordering: .acquiring)
        if wanted & flags != 0 { return true }
        return unsafe progress.pointee.reached.load(ordering: .acquiring) != wanted
    }

    /// Behind each receive burst.
    @_noLocks
    mutating func received() {
        reap()
        guard let pool, !isStopped(QueueProgress.stopped) else { return }
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
        if isStopped(QueueProgress.portStopped) { return 0 }
        let outstanding = Int(truncatingIfNeeded: framesPosted &- framesReaped)
        let descriptors = transmitDescriptors - outstanding
        let room = transmitRing.freeCount
        var count = descriptors < room ? descriptors : room
        if offered < count { count = offered }
        framesPosted &+= UInt64(truncatingIfNeeded: count)
        counters.set(framesPosted, at: OwnerCounter.posted.index)
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
