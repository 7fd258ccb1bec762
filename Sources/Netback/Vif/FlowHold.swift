// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Wire

/// Frames of a few flows of a vif, kept back while these flows come back from its VI: the rest of the vif's frames pass.
///
/// One set of flows at a time, with a bound of its own.
@safe
struct FlowHold: ~Copyable {
    static var maximumFlows: Int { @_noLocks get { ControlProtocol.maximumFlowChanges } }

    enum State: UInt8 {
        case none
        case holding
        /// Frames are handed out in order; new ones queue up behind.
        case releasing

        @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
        @_noLocks static func != (a: Self, b: Self) -> Bool { a.rawValue != b.rawValue }
    }

    private(set) var state = State.none
    private let selectors: UnsafeMutablePointer<FlowSelector>
    private var selectorCount = 0
    private var queue: MbufQueue
    /// The part that is offered to the vring.
    var releasing: MbufBurst
    /// Frames that came since the release began.
    private var behindRelease = 0
    /// Somebody waits for the end of the release, and is to be told in this round.
    private var owesRelease = false
    private var didRelease = false

    init(capacity: Int) {
        unsafe selectors = .allocate(capacity: Self.maximumFlows)
        unsafe selectors.initialize(repeating: FlowSelector(IPv4Address.unspecified, .udp, port: 0), count: Self.maximumFlows)
        queue = MbufQueue(capacity: capacity)
        releasing = MbufBurst(capacity: VifLane.burst)
    }

    deinit { unsafe selectors.deallocate() }

    var isKeeping: Bool { @inline(__always) @_noLocks get { state != .none } }
    var isReleasing: Bool { @inline(__always) @_noLocks get { state == .releasing } }
    var count: Int { @_noLocks get { queue.count + releasing.count } }

    /// Whether the frame may be one of these flows'.
    @_noLocks
    mutating func names(_ mbuf: Mbuf) -> Bool {
        guard let selector = FlowSelector(mbuf.bytes) else { return false }
        var index = 0
        while index < selectorCount {
            if unsafe selectors[index] == selector { return true }
            index += 1
        }
        return false
    }

    /// false, and the mbuf stays the caller's, when there is no room: while frames are handed out no more than a queue's worth comes in behind, or
    /// the release would not end before its guest took as much as comes.
    @_noLocks
    mutating func append(_ mbuf: Mbuf) -> Bool {
        if isReleasing {
            guard behindRelease < queue.capacity else { return false }
            behindRelease += 1
        }
        return queue.append(mbuf)
    }

    @_noLocks
    mutating func begin(_ block: FlowSelectorBlock, count: Int) {
        endRelease()
        selectorCount = count < Self.maximumFlows ? count : Self.maximumFlows
        var index = 0
        while index < selectorCount {
            unsafe selectors[index] = block.selector(at: index)
            index += 1
        }
        state = .holding
    }

    /// Hands out what is held: at once when there is nothing.
    @_noLocks
    mutating func end() {
        owesRelease = true
        if state == .none || count == 0 { return endRelease() }
        if state == .holding { behindRelease = 0 }
        state = .releasing
    }

    /// More to hand out; false when the release is over.
    @_noLocks
    mutating func refill() -> Bool {
        queue.move(to: &releasing)
        if !releasing.isEmpty { return true }
        endRelease()
        return false
    }

    @_noLocks
    private mutating func endRelease() {
        if owesRelease { didRelease = true }
        owesRelease = false
        state = .none
        selectorCount = 0
    }

    /// Nobody waits any more; what is held still goes out.
    @_noLocks
    mutating func reset() {
        end()
        owesRelease = false
        didRelease = false
    }

    /// Whether a release has ended since the last call.
    @_noLocks
    mutating func takeReleased() -> Bool {
        let result = didRelease
        didRelease = false
        return result
    }

    /// Frees all; how many there were.
    @_noLocks
    mutating func free() -> Int { releasing.free() + queue.free() }

    /// What was held is freed already.
    @_noLocks
    mutating func guestWent() {
        if state == .releasing { endRelease() }
        state = .none
    }
}

/// Flows on their way from the control plane to the lane.
@safe
struct FlowSelectorBlock: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the directory writes it only while the lane has no command about it.
    private let pointer: UnsafeMutablePointer<FlowSelector>

    static func allocate() -> FlowSelectorBlock {
        let pointer = UnsafeMutablePointer<FlowSelector>.allocate(capacity: FlowHold.maximumFlows)
        unsafe pointer.initialize(repeating: FlowSelector(IPv4Address.unspecified, .udp, port: 0), count: FlowHold.maximumFlows)
        return unsafe FlowSelectorBlock(pointer: pointer)
    }

    func deallocate() { unsafe pointer.deallocate() }

    private init(pointer: UnsafeMutablePointer<FlowSelector>) { unsafe self.pointer = pointer }

    func write(_ selectors: [FlowSelector]) {
        for (index, selector) in selectors.prefix(FlowHold.maximumFlows).enumerated() { unsafe pointer[index] = selector }
    }

    var word: UInt64 { unsafe UInt64(UInt(bitPattern: pointer)) }

    @unsafe @_noLocks
    init?(word: UInt64) {
        guard let pointer = unsafe UnsafeMutablePointer<FlowSelector>(bitPattern: UInt(word)) else { return nil }
        unsafe self.pointer = pointer
    }

    @_noLocks
    func selector(at index: Int) -> FlowSelector {
        precondition(index >= 0 && index < FlowHold.maximumFlows, "no such flow")
        return unsafe pointer[index]
    }
}

extension VifLane {
    /// Hands held frames of flows out, in order, as the vring has room; bounded for one round.
    @_noLocks
    mutating func releaseFlows(_ spent: inout MbufBurst) {
        let endpoint = endpoint
        var rounds = 0
        while rounds < 8 {
            guard flowHold.refill() else { return }
            let outcome = endpoint.enqueue(flowHold.releasing)
            let accepted = outcome.count
            if accepted == 0 { return }
            count(.guestDelivered, accepted - outcome.refused)
            count(.tooLongForGuest, outcome.refused)
            count(.guestDeliveredBytes, Self.size(of: flowHold.releasing, count: accepted).bytes)
            flowHold.releasing.move(to: &spent, limit: accepted)
            spent.free()
            rounds += 1
        }
    }
}

extension NetbackLane {
    @_noLocks
    mutating func carryOutFlows(_ command: LaneCommand, _ vif: VifReference) {
        if command.operation == LaneCommand.Operation.holdFlows {
            if let block = unsafe FlowSelectorBlock(word: command.large) {
                vif.lane.flowHold.begin(block, count: Int(command.small))
                vif.lane.aheadOfFlows = vif.lane.outbox.count
            }
            vif.lane.count(.flowHolds)
            events.sendObliged(LaneEvent(LaneEvent.Kind.flowsHeld, vif: vif.lane.port.vif))
        } else {
            vif.lane.flowHold.end()
        }
    }
}
