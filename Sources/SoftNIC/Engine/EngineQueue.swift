// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

/// The engine's side of one queue pair.
///
/// - Lcore: the engine's alone.
@safe
struct EngineQueue: ~Copyable {
    /// Most frames of a queue that a round delivers, and most that it completes.
    static var budget: Int { @_noLocks get { 64 } }

    private let receiveRing: MbufRingHandle
    private let transmitRing: MbufRingHandle
    private let postedRing: MbufRingHandle
    private let completedRing: MbufRingHandle
    private let progress: UnsafeMutablePointer<QueueProgress>
    private let counters: Counters

    /// Frames from the wire, in the wire's mbufs.
    private var arrivals: DelayLine
    /// Posted buffers that the engine has fetched.
    private var buffers = MbufBurst(capacity: 32)
    private var filled = MbufBurst(capacity: EngineQueue.budget)
    private var spent = MbufBurst(capacity: EngineQueue.budget)
    private var deliveryDelay: SplitMix64
    private var delivered: UInt64 = 0

    /// The sender's mbufs, from when the engine took them until they go back.
    private var completions: DelayLine
    private var returning = MbufBurst(capacity: EngineQueue.budget)
    private var completionDelay: SplitMix64
    private var faultChance: SplitMix64
    /// The ``QueueProgress/wanted`` that is carried out.
    private var reached: UInt32 = 0
    private var transmitted: UInt64 = 0
    private var completed: UInt64 = 0

    private let abandonment: UnsafeMutablePointer<QueueAbandonment>
    /// Its owner died: nothing comes in or goes out.
    private var isAbandoned = false

    init(
        rings: QueueRings, progress: PinnedBlock<QueueProgress>, abandonment: PinnedBlock<QueueAbandonment>,
        counters: Counters, index: Int,
        configuration: SoftNICConfiguration
    ) {
        receiveRing = rings.receive.handle
        transmitRing = rings.transmit.handle
        postedRing = rings.posted.handle
        completedRing = rings.completed.handle
        unsafe self.progress = progress.pointer
        unsafe self.abandonment = abandonment.pointer
        self.counters = counters
        arrivals = DelayLine(capacity: configuration.receiveFIFO)
        completions = DelayLine(capacity: configuration.descriptors)
        deliveryDelay = SplitMix64(seed: configuration.seed, stream: UInt64(index) * 2 + 1)
        completionDelay = SplitMix64(seed: configuration.seed, stream: UInt64(index) * 2 + 2)
        faultChance = SplitMix64(seed: configuration.seed, stream: 0x2_0000 + UInt64(index))
    }

    /// Whether something waits for the engine's clock to go on.
    var isWaiting: Bool { @_noLocks get { !arrivals.isEmpty || !completions.isEmpty || !returning.isEmpty } }

    // MARK: Stop and start

    /// Carries out what the control plane wants of the queue: frames on their way are lost. Whether the port's part of it
    /// changed, so that what the engine holds of the queue's for the wire is lost too.
    @_noLocks
    mutating func followControlPlane(now: UInt64) -> Bool {
        let wanted = unsafe progress.pointee.wanted.load(ordering: .acquiring)
        return wanted != reached && flush(wanted, now)
    }

    @_noLocks
    private mutating func flush(_ wanted: UInt32, _ now: UInt64) -> Bool {
        var lost = 0
        while let frame = arrivals.removeFirst(dueBy: .max) {
            spent.append(frame)
            if spent.freeCapacity == 0 { lost += spent.free() }
        }
        lost += spent.free()
        count(.lostInReset, lost)
        // A receive queue that is stopped alone leaves transmitting as it is.
        let isPorts = (wanted ^ reached) >> QueueProgress.portShift != 0
        if isPorts {
            while true {
                let posted = posted(limit: spent.freeCapacity)
                if posted == 0 { break }
                transmitRing.dequeue(into: &spent, limit: posted)
                var index = 0
                while index < spent.count {
                    let isKept = completions.append(spent[index], due: now)
                    precondition(isKept, "the engine takes no frame that it has no room for")
                    index += 1
                }
                // The completion line has them.
                finish(spent.count, as: .unsentReset)
                spent.removeAll()
            }
        }
        unsafe progress.pointee.stale.store(delivered, ordering: .releasing)
        reached = wanted
        return isPorts
    }

    /// Lets the owner see that what ``followControlPlane(now:)`` began is done.
    @_noLocks
    mutating func acknowledge() { unsafe progress.pointee.reached.store(reached, ordering: .releasing) }

    // MARK: From the wire

    /// Takes ownership of a frame from the wire; false when the FIFO is full or the queue stopped, which is counted.
    @_noLocks
    mutating func accept(_ frame: Mbuf, now: UInt64, longest delay: UInt32) -> Bool {
        if reached & QueueProgress.stopped != 0 {
            count(.stopped, 1)
            return false
        }
        if !isAbandoned, arrivals.append(frame, due: now &+ deliveryDelay.next(through: UInt64(delay))) { return true }
        count(.missed, 1)
        return false
    }

    /// Whether a frame is due, finds no buffer, and may not be dropped for that: then the port's FIFO stands still.
    @_noLocks
    mutating func isStalling(now: UInt64) -> Bool {
        guard unsafe progress.pointee.stallsWhenFull.load(ordering: .relaxed), arrivals.isDue(by: now) else { return false }
        fetchBuffers()
        return buffers.isEmpty
    }

    /// Copies the frames that are due into the owner's buffers, as DMA would; how many frames left the FIFO. One of
    /// `cutOdds` frames is cut short; 0: none.
    @_noLocks
    mutating func deliver(now: UInt64, cutOdds: UInt32) -> Int {
        let stalls = unsafe progress.pointee.stallsWhenFull.load(ordering: .relaxed)
        var bytes = 0
        while spent.freeCapacity > 0, filled.freeCapacity > 0 {
            fetchBuffers()
            if stalls && buffers.isEmpty { break }
            guard let frame = arrivals.removeFirst(dueBy: now) else { break }
            spent.append(frame)
            if buffers.isEmpty {
                count(.noMbuf, 1)
                continue
            }
            let buffer = buffers[buffers.count - 1]
            if buffer.copyFrame(from: frame) {
                buffers.truncate(to: buffers.count - 1)
                if cutOdds > 0 { cut(buffer, cutOdds) }
                bytes += buffer.packetLength
                filled.append(buffer)
            } else {
                count(.truncated, 1)
            }
        }
        if !filled.isEmpty {
            // The owner posts no more buffers than its receive ring has room for, so all of them fit.
            let moved = receiveRing.enqueue(&filled)
            delivered &+= UInt64(truncatingIfNeeded: moved)
            unsafe progress.pointee.delivered.store(delivered, ordering: .releasing)
            count(.delivered, moved)
            count(.deliveredBytes, bytes)
        }
        // Filled buffers that found no room are held as frames that wait are.
        counters.set(UInt64(truncatingIfNeeded: arrivals.count + filled.count), at: QueueCounter.held.index)
        return spent.free()
    }

    /// A dead owner's buffers stay where they are: the pool that they come from is about to be rebuilt.
    @inline(__always) @_noLocks
    private mutating func fetchBuffers() {
        if buffers.isEmpty && !isAbandoned { postedRing.dequeue(into: &buffers) }
    }

    /// Counts as held what waits while nothing is delivered.
    @_noLocks
    mutating func hold() {
        counters.set(UInt64(truncatingIfNeeded: arrivals.count + filled.count), at: QueueCounter.held.index)
    }

    /// Cuts one of `odds` frames to a random length.
    @_noLocks
    private mutating func cut(_ buffer: Mbuf, _ odds: UInt32) {
        let length = buffer.packetLength
        guard length > 1, faultChance.next(through: UInt64(odds - 1)) == 0 else { return }
        let left = 1 + Int(truncatingIfNeeded: faultChance.next(through: UInt64(truncatingIfNeeded: length - 2)))
        if buffer.setLength(left) { count(.cut, 1) }
    }

    // MARK: To the wire

    /// Whether one of `odds` frames, this one, meets an error on its way out.
    @_noLocks
    mutating func failsToSend(_ odds: UInt32) -> Bool { faultChance.next(through: UInt64(odds - 1)) == 0 }

    /// How many posted frames the engine can take now, at most `limit`.
    @_noLocks
    mutating func transmittable(limit: Int) -> Int {
        reached & QueueProgress.portStopped == 0 ? posted(limit: limit) : 0
    }

    @_noLocks
    private mutating func posted(limit: Int) -> Int {
        let posted = isAbandoned ? 0 : transmitRing.count
        let room = completions.freeCapacity
        let most = posted < room ? posted : room
        return most < limit ? most : limit
    }

    /// Takes `count` posted frames, which it may borrow in `burst` until it says that they are transmitted: they are
    /// kept here, and go back to their sender only then.
    ///
    /// - Precondition: `count` is what ``transmittable(limit:)`` said.
    @_noLocks
    mutating func take(_ count: Int, into burst: inout MbufBurst, now: UInt64, longest delay: UInt32) {
        let first = burst.count
        transmitRing.dequeue(into: &burst, limit: count)
        var index = first
        while index < burst.count {
            let isKept = completions.append(burst[index], due: now &+ completionDelay.next(through: UInt64(delay)))
            precondition(isKept, "the engine takes no frame that it has no room for")
            index += 1
        }
    }

    /// The `count` oldest frames taken and not yet transmitted are on the wire, or, for another `reason`, never will
    /// be.
    @_noLocks
    mutating func finish(_ count: Int, as reason: QueueCounter) {
        transmitted &+= UInt64(truncatingIfNeeded: count)
        unsafe progress.pointee.transmitted.store(transmitted, ordering: .releasing)
        self.count(reason, count)
    }

    /// Gives mbufs whose completion is due back to their sender; how many.
    @_noLocks
    mutating func complete(now: UInt64) -> Int {
        while completed &+ UInt64(truncatingIfNeeded: returning.count) != transmitted, returning.freeCapacity > 0,
            let mbuf = completions.removeFirst(dueBy: now)
        {
            returning.append(mbuf)
        }
        guard !returning.isEmpty else { return 0 }
        let moved = completedRing.enqueue(&returning)
        completed &+= UInt64(truncatingIfNeeded: moved)
        count(.completed, moved)
        return moved
    }

    // MARK: An owner that died

    /// Whether the control plane wants the queue stopped, or started, and has no answer yet.
    @inline(__always) @_noLocks
    mutating func isAskedToStopOrStart() -> Bool {
        unsafe abandonment.pointee.wanted.load(ordering: .acquiring)
            != abandonment.pointee.reached.load(ordering: .relaxed)
    }

    /// Carries out what the control plane wants. The owner's mbufs are forgotten, not freed: their pool is rebuilt. Nothing of
    /// the queue is in the engine's outbox.
    @_noLocks
    mutating func stopOrStart() {
        let wanted = unsafe abandonment.pointee.wanted.load(ordering: .acquiring)
        isAbandoned = wanted & 1 != 0
        if isAbandoned { forgetOwner() }
        unsafe abandonment.pointee.reached.store(wanted, ordering: .releasing)
    }

    @_noLocks
    private mutating func forgetOwner() {
        // Frames from the wire are in the wire's mbufs.
        while let frame = arrivals.removeFirst(dueBy: .max) {
            spent.append(frame)
            count(.missed, spent.free())
        }
        count(.missed, filled.count)
        filled.removeAll()
        buffers.removeAll()
        counters.set(0, at: QueueCounter.held.index)
        while case .some = completions.removeFirst(dueBy: .max) {}
        returning.removeAll()
        delivered = 0
        transmitted = 0
        completed = 0
        // The next owner counts from nothing what it takes, and has nothing from before a stop.
        unsafe progress.pointee.stale.store(0, ordering: .releasing)
        unsafe progress.pointee.delivered.store(0, ordering: .releasing)
        unsafe progress.pointee.transmitted.store(0, ordering: .releasing)
    }

    @inline(__always) @_noLocks
    func count(_ counter: QueueCounter, _ amount: Int) { counters.add(amount, to: counter.index) }
}
