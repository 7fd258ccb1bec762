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

    var table: SteeringTable
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
        counters: Counters, commands: WordRingHandle, makeQueue: (Int) -> EngineQueue
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
        let isLinkDown = unsafe state.pointee.faults.load(ordering: .relaxed) & SoftNICFaults.linkDownBit != 0
        var work = executeCommands(now)
        work += receiveFromWire(now, isLinkDown)
        work += serveTransmitQueues(now, isLinkDown)
        var isWaiting = !pending.isEmpty || !outbox.burst.isEmpty
        var index = 0
        while index < queueCount {
            let queue = unsafe queues + index
            work += unsafe queue.pointee.deliver(now: now)
            work += unsafe queue.pointee.complete(now: now)
            if unsafe queue.pointee.isWaiting { isWaiting = true }
            index += 1
        }
        // A loop that rests stops the clock that something waits for.
        return work == 0 && isWaiting ? 1 : work
    }
}

/// Runs one round of the engine at `context`, for a poll loop.
@c @_noLocks
func softnic_engine_poll(_ context: UnsafeMutableRawPointer) -> UInt32 {
    UInt32(truncatingIfNeeded: unsafe context.assumingMemoryBound(to: SoftNICEngine.self).pointee.poll())
}
