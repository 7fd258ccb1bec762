// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Synchronization
import Wire

/// A guest's network device as its lcore works on it: the slow path, the VI when there is one, and the order between them.
///
/// Receive is in `GuestDevice+Receive`, the gate between the paths in `+Gate`, transmit in `+Transmit`, fences for transmit in
/// `+TransmitFence`, the control plane's orders in `+Commands`.
@safe
struct GuestDevice: ~Copyable {
    let mac: UInt64
    let slow: SlowPath
    let pool: MempoolHandle
    let counters: Counters
    let commands: WordRingHandle
    let events: WordRingHandle
    /// A `PluginBinding`'s address, or 0: swapped by the control plane, which then waits for this lcore's quiescent state.
    let plugin = Atomic<UInt>(0)
    /// A `LocalAddressSet`'s address, or 0; swapped likewise.
    let localAddresses = Atomic<UInt>(0)

    // MARK: Receive

    /// So many frames a VI may hold of an earlier life; one that yields more is steered to, and by whom is the host's business.
    static var mostStaleFrames: Int { @_noLocks get { 65536 } }

    /// Whether frames from the VI may be delivered.
    enum Gate: UInt8 {
        case shut, opening, open

        @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
        @_noLocks static func != (a: Self, b: Self) -> Bool { a.rawValue != b.rawValue }
    }
    /// What is reported when the stash is out.
    enum GateReport { case nothing, fence, expired, closed }

    var isPollingVI = false
    /// Whether the slow path gets the odd place of a burst, this time.
    var isOddPlaceSlow = false
    var gate = Gate.open
    var gateReport = GateReport.nothing
    var stash: MbufQueue
    var stashedAtFence: UInt32 = 0
    /// TSC at which waiting for the fence ends; moves on while the slow path yields frames.
    var fenceDeadline: UInt64 = 0
    let fenceLimitTicks: UInt64
    var fenceNonce: UInt64 = 0
    var fenceSequence: UInt32 = 0
    /// Whether the VI was reported as polled, and how many frames it yielded before.
    var hasPolled = false
    var staleFrames = 0
    var hasSeenFrame = false
    /// Flows that are steered one by one.
    var flows = FlowGate()
    var isDraining = false
    var settleNanoseconds: UInt64 = 0
    /// Since the VI last yielded a frame, or since draining began.
    var settled = SettleWatch()
    /// What a round of the slow path, or of the VI, brought.
    var received: MbufBurst

    // MARK: Transmit

    var peers = PeerTable()
    var mayTransmitFast = false
    /// The fence that is under way for transmit, and when it counts as lost (TSC).
    var transmitFence: UInt32 = 0
    var isTransmitFenceUnderWay = false
    var isTransmitFenceConfirmed = false
    var transmitFenceDeadline: UInt64 = 0
    let transmitFenceTicks: UInt64
    /// Where the driver can't tell whether descriptors are done: the VI's clock after which they must be. 0 when not waiting.
    var transmitDoneAt: UInt64 = 0
    let verdicts: UnsafeMutablePointer<UInt8>
    /// Lengths of the packets of a pass: a packet that was sent may be gone when it is counted.
    let lengths: UnsafeMutablePointer<Int>
    var outgoing: MbufBurst
    /// Coarse time for peers' ages, in units of about a second.
    var coarseTime: UInt32 = 0
    let coarseShift: UInt64

    /// Packets of one pass through the plugin.
    static var passLength: Int { @_noLocks get { 64 } }

    init(
        mac: MACAddress, slow: SlowPath, pool: MempoolHandle, counters: Counters, commands: WordRingHandle,
        events: WordRingHandle, stashCapacity: Int, fenceLimitMilliseconds: UInt64
    ) {
        self.mac = mac.rawValue
        self.slow = slow
        self.pool = pool
        self.counters = counters
        self.commands = commands
        self.events = events
        stash = MbufQueue(capacity: stashCapacity)
        received = MbufBurst(capacity: Self.passLength)
        outgoing = MbufBurst(capacity: Self.passLength)
        fenceLimitTicks = TSC.ticks(nanoseconds: fenceLimitMilliseconds * 1_000_000)
        transmitFenceTicks = TSC.ticks(nanoseconds: 200_000_000)
        // The power of two next below a second's ticks: a shift instead of a division.
        coarseShift = UInt64(63 - TSC.hertz.leadingZeroBitCount)
        unsafe verdicts = .allocate(capacity: Self.passLength)
        unsafe verdicts.initialize(repeating: 0, count: Self.passLength)
        unsafe lengths = .allocate(capacity: Self.passLength)
        unsafe lengths.initialize(repeating: 0, count: Self.passLength)
    }

    deinit {
        unsafe verdicts.deallocate()
        unsafe lengths.deallocate()
    }

    /// The standard library's `min` is not for lcores.
    @inline(__always) @_noLocks
    static func smaller(_ a: Int, _ b: Int) -> Int { a < b ? a : b }

    @inline(__always) @_noLocks
    func count(_ counter: NetfrontCounter, _ amount: Int = 1) { counters.add(amount, to: counter.index) }

    /// The plugin, while the control plane lends it.
    var binding: PluginBinding? {
        @inline(__always) @_noLocks get {
            unsafe UnsafePointer<PluginBinding>(bitPattern: plugin.load(ordering: .acquiring))?.pointee
        }
    }

    @_noLocks
    func isLocal(_ mac: UInt64) -> Bool {
        guard
            let set = unsafe UnsafePointer<LocalAddressSet>(bitPattern: localAddresses.load(ordering: .acquiring))
        else { return false }
        return unsafe set.pointee.contains(mac)
    }

    /// The control plane drains events every millisecond and a switch makes a handful: the ring never fills.
    @_noLocks
    func tell(_ event: LaneEvent) {
        let isTold = events.enqueue(event.word)
        assert(isTold, "the event ring is full")
    }
}
