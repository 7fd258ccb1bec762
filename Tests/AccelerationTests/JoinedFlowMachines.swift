// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Testing
import Wire

@testable import Acceleration

/// Both halves of the batches, a port whose rules take effect late, netback's default queue and hold, a guest with its gate: each
/// does one thing at a time, in any order. Frames are numbered, each flow for itself.
struct JoinedFlowMachines {
    struct Frame {
        let flow: Int
        let number: Int
    }

    enum Slow {
        case frame(Frame)
        case fence(UInt32)
    }

    static let flowCount = 12

    static func selector(_ flow: Int) -> FlowSelector {
        FlowSelector(IPv4Address(rawValue: 0x0A00_0001), .udp, port: UInt16(flow))
    }

    var random: SplitMix64
    var now: UInt64 = 1
    var backend: FlowBatchMachine.Backend
    var frontend = FlowBatchMachine.Frontend(grant: 7)
    /// How often something goes wrong: once in so many.
    var troubleOneIn = Int.max
    var isSending = true
    /// The guest answers nothing any more.
    var isGuestStuck = false

    // The port.
    private var rules: [UInt32: Int] = [:]
    /// What rules do not do yet, or still do: flow, and whether it is steered from then on.
    private var lateEffects: [(id: UInt32, flow: Int, isSteered: Bool)] = []
    private var steered: Set<Int> = []
    private var created: Set<UInt32> = []
    private(set) var creations = 0
    private(set) var destructions = 0

    // Netback.
    private var defaultQueue: [Frame] = []
    private var hold: [Frame] = []
    private var heldFlows: Set<Int> = []
    private var isReleasing = false
    private(set) var holds = 0
    private(set) var releases = 0
    private var fenceToSend: (sequence: UInt32, isSettled: Bool, ahead: Int)?
    private var vring: [Slow] = []
    private var answers: [FlowBatchMachine.BackendEvent] = []

    // The guest.
    private var virtualInterface: [Frame] = []
    private var stash: [Frame] = []
    private var gated: Set<Int> = []
    private var gateSequence: UInt32?
    private var drain: (sequence: UInt32, isSettled: Bool)?
    private var drainRemoves = false
    private var frontendAnswers: [FlowBatchMachine.FrontendEvent] = []
    private var adds: [UInt32: Int] = [:]

    // Messages under way.
    private var toFrontend: [ControlMessage] = []
    private var toBackend: [ControlMessage] = []

    // What is checked.
    private var next = [Int](repeating: 0, count: flowCount)
    private var delivered = [Int](repeating: -1, count: flowCount)
    private(set) var overtakings = 0
    private(set) var expiries = 0
    private var mayReorder: Set<Int> = []
    private(set) var framesDelivered = 0
    private(set) var framesBySteering = 0
    private(set) var framesHeld = 0
    private(set) var framesStashed = 0
    private(set) var lost = 0
    private(set) var outcomes: [FlowBatchMachine.Outcome] = []
    private(set) var isEmptied = false
    private(set) var failure: AccelerationReason?
    private var lastID: UInt32 = 0
    private var known: [UInt32: Int] = [:]
    private var condemned: Set<UInt32> = []

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        backend = FlowBatchMachine.Backend(grant: 7, settleNanoseconds: 1_000)
    }

    var framesSent: Int { next.reduce(0, +) }
    /// Frames somewhere on their way.
    var framesUnderWay: Int {
        defaultQueue.count + hold.count + virtualInterface.count + stash.count
            + vring.count { if case .frame = $0 { true } else { false } }
    }
    var isNothingInPort: Bool { rules.isEmpty && created.isEmpty && steered.isEmpty }

    // MARK: The two sides

    mutating func tellBackend(_ event: FlowBatchMachine.BackendEvent) {
        for action in backend.handle(event, now: now) { carryOut(action) }
    }

    private mutating func carryOut(_ action: FlowBatchMachine.BackendAction) {
        if isEmptied { Issue.record("\(action) after the end") }
        switch action {
        case .send(let message): toFrontend.append(message)
        case .hold(let selectors):
            if !heldFlows.isEmpty { Issue.record("two holds at once") }
            heldFlows = Set(selectors.map { Int($0.port) })
            holds += 1
            answers.append(.held)
        case .release:
            isReleasing = true
            releases += 1
        case .createRule(let entry):
            if random.oneIn(8) && troubleOneIn < .max {
                answers.append(.rule(entry.id, .failed))
                known[entry.id] = nil
                return
            }
            let flow = Int(entry.selector.port)
            if rules.values.contains(flow) { Issue.record("two rules for flow \(flow)") }
            rules[entry.id] = flow
            if !created.insert(entry.id).inserted { Issue.record("rule \(entry.id) created twice") }
            creations += 1
            lateEffects.append((entry.id, flow, true))
            answers.append(.rule(entry.id, .created))
        case .destroyRule(let entry):
            if created.remove(entry.id) == nil { Issue.record("rule \(entry.id) is not there") }
            destructions += 1
            rules[entry.id] = nil
            lateEffects.append((entry.id, Int(entry.selector.port), false))
            answers.append(.rule(entry.id, .removed))
        case .sendFence(let sequence):
            fenceToSend = (sequence, false, 0)
        case .completed(let outcome):
            outcomes.append(outcome)
            for id in outcome.removed { known[id] = nil }
            if outcome.isFenceExpired { condemned.formUnion(outcome.added) }
        case .emptied: isEmptied = true
        case .failed(let reason):
            failure = reason
            loseVI()
            abandon()
        }
    }

    private mutating func abandon() {
        tellBackend(.abandon)
        // The port is reset, or the guest is gone: nothing is late any more.
        applyEffects()
    }

    mutating func tellFrontend(_ event: FlowBatchMachine.FrontendEvent) {
        for action in frontend.handle(event) {
            switch action {
            case .send(let message): toBackend.append(message)
            case .begin(let sequence, let adds, let removes):
                gated = Set(adds.map { Int($0.selector.port) })
                gateSequence = adds.isEmpty ? nil : sequence
                drainRemoves = !removes.isEmpty
                frontendAnswers.append(.begun(sequence: sequence))
            case .rulesChanged(let sequence, _):
                if drainRemoves { drain = (sequence, false) }
            case .violated(let rule): Issue.record("the backend violates: \(rule)")
            }
        }
    }

    // MARK: Frames

    mutating func sendFrame() {
        let flow = random.below(Self.flowCount)
        let frame = Frame(flow: flow, number: next[flow])
        next[flow] += 1
        if steered.contains(flow) {
            virtualInterface.append(frame)
            framesBySteering += 1
        } else {
            defaultQueue.append(frame)
        }
    }

    private mutating func deliver(_ frame: Frame) {
        framesDelivered += 1
        if frame.number <= delivered[frame.flow] {
            overtakings += 1
            if !mayReorder.contains(frame.flow) {
                Issue.record("flow \(frame.flow): \(frame.number) after \(delivered[frame.flow])")
            }
        }
        delivered[frame.flow] = max(delivered[frame.flow], frame.number)
    }

    private mutating func applyEffects() {
        for effect in lateEffects { apply(effect) }
        lateEffects = []
    }

    private mutating func apply(_ effect: (id: UInt32, flow: Int, isSteered: Bool)) {
        if effect.isSteered { steered.insert(effect.flow) } else { steered.remove(effect.flow) }
    }

    /// The port is reset: what its queues held for the guest is lost, and so is what the guest kept back without its fence.
    mutating func loseVI() {
        applyEffects()
        steered = []
        lost += virtualInterface.count + stash.count
        virtualInterface = []
        stash = []
        gated = []
        gateSequence = nil
        toBackend = []
        toFrontend = []
        frontendAnswers = []
        drain = nil
        isGuestStuck = true
    }
    mutating func reset() {
        loseVI()
        abandon()
    }

    // MARK: One step

    mutating func step() {
        now += random.next() % 20_000
        switch random.below(12) {
        case 0:
            if isSending { sendFrame() }
        case 1, 2:
            if !lateEffects.isEmpty { apply(lateEffects.removeFirst()) }
        case 3, 4: switchOne()
        case 5: sendFence()
        case 6: for _ in 0..<random.below(4) { release() }
        case 7: for _ in 0..<1 + random.below(6) { receiveSlow() }
        case 8: for _ in 0..<1 + random.below(4) { pollVI() }
        case 9:
            if !answers.isEmpty {
                tellBackend(answers.remove(at: random.below(answers.count)))
            } else if !toBackend.isEmpty {
                tellBackend(.message(roundTrip(toBackend.removeFirst())))
            }
        case 10:
            if isGuestStuck { break }
            if !frontendAnswers.isEmpty {
                tellFrontend(frontendAnswers.removeFirst())
            } else if !toFrontend.isEmpty {
                tellFrontend(.message(roundTrip(toFrontend.removeFirst())))
            }
        default:
            if let deadline = backend.nextDeadline, now >= deadline { tellBackend(.tick) }
        }
    }

    private func roundTrip(_ message: ControlMessage) -> ControlMessage {
        (try? ControlCodec.decode(ControlCodec.encode(message), from: message.sender)) ?? .closed(id: 1)
    }

    /// Netback takes a frame from the default queue.
    private mutating func switchOne() {
        guard !defaultQueue.isEmpty else { return }
        let frame = defaultQueue.removeFirst()
        if let fence = fenceToSend, fence.isSettled { fenceToSend?.ahead = max(0, fence.ahead - 1) }
        if heldFlows.contains(frame.flow) {
            hold.append(frame)
            framesHeld += 1
        } else {
            vring.append(.frame(frame))
        }
    }

    private mutating func sendFence() {
        guard let fence = fenceToSend else { return }
        if !fence.isSettled {
            // The settle time: by then rules do what they say.
            if lateEffects.isEmpty { fenceToSend = (fence.sequence, true, defaultQueue.count) }
        } else if fence.ahead == 0 {
            fenceToSend = nil
            if troubleOneIn < .max, random.oneIn(troubleOneIn) {
                // It gets lost on the way: the guest gives up.
            } else {
                vring.append(.fence(fence.sequence))
            }
            answers.append(.fenceSent(sequence: fence.sequence))
        }
    }

    private mutating func release() {
        guard isReleasing else { return }
        if hold.isEmpty {
            isReleasing = false
            heldFlows = []
            answers.append(.released)
        } else {
            vring.append(.frame(hold.removeFirst()))
        }
    }

    private mutating func receiveSlow() {
        guard !vring.isEmpty else { return expire() }
        switch vring.removeFirst() {
        case .frame(let frame): deliver(frame)
        case .fence(let sequence):
            guard gateSequence == sequence else { return }
            openGate()
            frontendAnswers.append(.fenceArrived(sequence: sequence, stashed: 1))
        }
    }

    /// The slow path yields nothing, the stash waits, and no fence is on its way.
    private mutating func expire() {
        guard troubleOneIn < .max, let sequence = gateSequence, !stash.isEmpty, random.oneIn(troubleOneIn) else { return }
        mayReorder.formUnion(gated)
        expiries += 1
        openGate()
        frontendAnswers.append(.fenceExpired(sequence: sequence))
    }

    private mutating func openGate() {
        for frame in stash { deliver(frame) }
        stash = []
        gated = []
        gateSequence = nil
    }

    private mutating func pollVI() {
        if virtualInterface.isEmpty {
            if let drain, drain.isSettled {
                self.drain = nil
                frontendAnswers.append(.drained(sequence: drain.sequence))
            }
        } else {
            let frame = virtualInterface.removeFirst()
            if gated.contains(frame.flow) {
                stash.append(frame)
                framesStashed += 1
            } else {
                deliver(frame)
            }
        }
        if drain != nil, lateEffects.isEmpty { drain?.isSettled = true }
    }

    // MARK: What the host wants

    /// Starts a batch that may be: flows that have no rule, and some that have.
    mutating func change() {
        guard backend.isIdle else { return }
        let steeredNow = backend.steered
        let ready = condemned.isEmpty
        var removes = steeredNow.filter { condemned.contains($0.id) }.map(\.id)
        condemned = []
        if ready { removes = steeredNow.filter { _ in random.oneIn(3) }.map(\.id) }
        let busy = Set(steeredNow.map { Int($0.selector.port) })
        var adds: [FlowEntry] = []
        for flow in 0..<Self.flowCount where ready && !busy.contains(flow) && random.oneIn(3) {
            lastID += 1
            known[lastID] = flow
            adds.append(FlowEntry(id: lastID, Self.selector(flow)))
        }
        if adds.isEmpty && removes.isEmpty { return }
        tellBackend(.change(adds: adds, removes: removes))
    }
}
