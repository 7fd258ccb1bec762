// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

/// The hot state of a ``SoftNIC``: moves frames between the wire and the queues, one bounded round at a call.
///
/// - Lcore: one at a time.
@safe
struct SoftNICEngine: ~Copyable {
    /// Most frames that a round takes from the wire.
    static var wireBudget: Int { @_noLocks get { 64 } }
    /// Most flow commands that a round takes, and most that it executes.
    static var commandBudget: Int { @_noLocks get { 16 } }

    let wire: QueuePair
    let wirePool: MempoolHandle
    let delays: SoftNICDelays
    let state: UnsafeMutablePointer<EngineState>
    let counters: Counters
    let queues: UnsafeMutablePointer<EngineQueue>
    let queueCount: Int
    var clock = EngineClock()
    /// ``SoftNICFaults`` in this round.
    var faults: UInt32 = 0

    var table: SteeringTable
    /// Frames and bytes of each rule in turn, by the rule's number.
    let ruleCounters: Counters
    /// The pools' addresses.
    var addresses: SteeringTable
    /// Queues that get group-addressed frames; 0 when there are no pools.
    var groupQueues: UInt16 = 0
    /// Queues that get frames to the port's own address, and that address, when there are pools.
    var ownQueues: UInt16 = 0
    var ownAddress: UInt64 = 0
    let poolsTakeTags: Bool
    /// Queues over which unmatched IP frames are spread.
    var spreadQueues: UInt16 = 0
    var fields = FrameFields()
    /// The life of the port that the engine knows of.
    var epoch: UInt32 = 0
    let commands: WordRingHandle
    var pending = PendingCommands(capacity: 1024)
    var ruleDelay: SplitMix64

    var incoming = MbufBurst(capacity: SoftNICEngine.wireBudget)
    var refused = MbufBurst(capacity: SoftNICEngine.wireBudget)

    /// The order in which a round serves the transmit queues.
    let order: UnsafeMutablePointer<UInt8>
    var arbitration: SplitMix64
    /// Frames of one queue while they are copied; the queue keeps them.
    var borrowed = MbufBurst(capacity: Outbox.capacity)
    var copies = MbufBurst(capacity: Outbox.capacity)
    var outbox = Outbox()

    init(
        configuration: SoftNICConfiguration, wire: QueuePair, wirePool: MempoolHandle, state: PinnedBlock<EngineState>,
        counters: Counters, ruleCounters: Counters, commands: WordRingHandle, makeQueue: (Int) -> EngineQueue
    ) {
        self.wire = wire
        self.wirePool = wirePool
        delays = configuration.delays
        unsafe self.state = state.pointer
        self.counters = counters
        self.commands = commands
        queueCount = configuration.queuePairs
        unsafe queues = .allocate(capacity: queueCount)
        unsafe order = .allocate(capacity: queueCount)
        for index in 0..<queueCount {
            unsafe (queues + index).initialize(to: makeQueue(index))
            unsafe (order + index).initialize(to: UInt8(index))
        }
        table = SteeringTable(capacity: configuration.flowTableSize)
        self.ruleCounters = ruleCounters
        let traits = configuration.personality.flowEngine.traits
        addresses = SteeringTable(capacity: Swift.max(1, traits.addressSlots))
        poolsTakeTags = traits.pools?.takeTaggedFrames ?? true
        arbitration = SplitMix64(seed: configuration.seed, stream: 0x1_0000)
        ruleDelay = SplitMix64(seed: configuration.seed, stream: 0x1_0001)
    }

    deinit {
        // What was borrowed is in its queue's hands.
        unsafe queues.deinitialize(count: queueCount)
        unsafe queues.deallocate()
        unsafe order.deallocate()
    }

    /// One round on the CPU's time; how much there was to do, 0 when the loop may rest.
    @_noLocks
    mutating func poll() -> Int {
        clock.advance()
        return runRound()
    }

    /// One round, `nanoseconds` after the last one (at most ``EngineClock/mostPerRound``).
    @_noLocks
    mutating func poll(advancing nanoseconds: UInt64) -> Int {
        clock.advance(by: nanoseconds)
        return runRound()
    }

    @_noLocks
    private mutating func runRound() -> Int {
        let now = clock.now
        unsafe state.pointee.clock.store(now, ordering: .releasing)
        faults = unsafe state.pointee.faults.load(ordering: .relaxed)
        let isLinkDown = faults & SoftNICFaults.linkDownBit != 0
        let stuck = unsafe state.pointee.stuckQueues.load(ordering: .relaxed)
        followPort(now)
        followAbandonments()
        var work = executeCommands(now)
        work += receiveFromWire(now, isLinkDown)
        work += serveTransmitQueues(now, isLinkDown, stuck: stuck >> 16)
        var isWaiting = !pending.isEmpty || !outbox.burst.isEmpty
        let cutOdds = faults & SoftNICFaults.framesCutBit != 0 ? faultOdds() : 0
        let isStalled = isStalled(now)
        var index = 0
        while index < queueCount {
            let queue = unsafe queues + index
            if isStalled || stuck & 1 << UInt32(index) != 0 {
                unsafe queue.pointee.hold()
            } else {
                work += unsafe queue.pointee.deliver(now: now, cutOdds: cutOdds)
            }
            if stuck & 0x1_0000 << UInt32(index) == 0 { work += unsafe queue.pointee.complete(now: now) }
            if unsafe queue.pointee.isWaiting { isWaiting = true }
            index += 1
        }
        // A loop that rests stops the clock that something waits for.
        return work == 0 && isWaiting ? 1 : work
    }
}

extension SoftNICEngine {
    @_noLocks
    mutating func faultOdds() -> UInt32 {
        let odds = unsafe state.pointee.faultOdds.load(ordering: .relaxed)
        return odds == 0 ? 1 : odds
    }

    /// Whether a queue that may not drop has a frame and no buffer: no queue gets anything until it has one.
    @_noLocks
    private mutating func isStalled(_ now: UInt64) -> Bool {
        var index = 0
        while index < queueCount {
            let queue = unsafe queues + index
            if unsafe queue.pointee.isStalling(now: now) { return true }
            index += 1
        }
        return false
    }

    @_noLocks
    private mutating func followAbandonments() {
        var index = 0
        while index < queueCount {
            let queue = unsafe queues + index
            if unsafe queue.pointee.isAskedToStopOrStart() {
                if outbox.queue == index { _ = outbox.discard() }
                unsafe queue.pointee.stopOrStart()
            }
            index += 1
        }
    }
}

/// Runs one round of the engine at `context`, for a poll loop.
@c @_noLocks
func softnic_engine_poll(_ context: UnsafeMutableRawPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: unsafe context.assumingMemoryBound(to: SoftNICEngine.self).pointee.poll())
}
