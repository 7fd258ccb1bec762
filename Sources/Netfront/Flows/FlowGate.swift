// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Wire

/// Flows that are steered one by one, and the batch of them that is under way: what the VI yields of the added ones goes to the
/// stash until their fence came, everything else passes.
///
/// The stash is the device's own: a batch is only under way while the gate of the whole VI is open.
@safe
struct FlowGate: ~Copyable {
    enum Stage: UInt8 {
        case none, shut, opening

        @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
        @_noLocks static func != (a: Self, b: Self) -> Bool { a.rawValue != b.rawValue }
    }

    enum Drain: UInt8 {
        case none
        /// What the port had sorted before the rules went may still arrive.
        case settling
        /// Until the VI is seen empty, or a full ring has passed.
        case polling

        @_noLocks static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }
        @_noLocks static func != (a: Self, b: Self) -> Bool { a.rawValue != b.rawValue }
    }

    var table = FlowTable()
    var stage = Stage.none
    var sequence: UInt32 = 0
    var didExpire = false
    private let under: UnsafeMutablePointer<FlowSelector>
    private var underCount = 0

    var drain = Drain.none
    var drainSequence: UInt32 = 0
    /// Since the drain began, and frames that the VI yielded since that time was over.
    var settled = SettleWatch()
    var drainYielded = 0

    /// Frames to come before the next that is looked at, and what draws that number.
    var untilSample = 0
    private var draw: UInt64 = 1

    /// The longest receive ring of the drivers that there are forms for.
    static var fullRing: Int { @_noLocks get { 32_768 } }

    init() {
        unsafe under = .allocate(capacity: ControlProtocol.maximumFlowChanges)
        unsafe under.initialize(
            repeating: FlowSelector(IPv4Address.unspecified, .udp, port: 0), count: ControlProtocol.maximumFlowChanges)
    }

    deinit { unsafe under.deallocate() }

    /// Shuts the gate for a batch's flows.
    @_noLocks
    mutating func begin(_ order: FlowBatchOrder) {
        sequence = order.sequence
        underCount = 0
        var index = 0
        while index < order.addCount && underCount < ControlProtocol.maximumFlowChanges {
            let entry = order.add(index)
            if table.insert(entry.selector, id: entry.id, gate: 1) {
                unsafe under[underCount] = entry.selector
                underCount += 1
            }
            index += 1
        }
        stage = underCount > 0 ? .shut : .none
        didExpire = false
    }

    /// Everything of the batch passes from now on.
    @_noLocks
    mutating func open() {
        var index = 0
        while index < underCount {
            unsafe table.open(under[index])
            index += 1
        }
        underCount = 0
        stage = .none
    }

    @_noLocks
    mutating func forget(_ order: FlowBatchOrder) {
        var index = 0
        while index < order.removeCount {
            table.remove(order.remove(index))
            index += 1
        }
    }

    /// The VI is closed.
    @_noLocks
    mutating func removeAll() {
        table.removeAll()
        underCount = 0
        stage = .none
        drain = .none
    }

    /// From one frame that is looked at to the next: 1 to 15, 8 on average, so that no pattern of flows escapes it.
    @_noLocks
    mutating func nextGap() -> Int {
        // Numerical Recipes' generator; the high bits are the good ones.
        draw = draw &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let bits = Int(truncatingIfNeeded: draw >> 60)
        return bits == 0 ? 8 : bits
    }
}
