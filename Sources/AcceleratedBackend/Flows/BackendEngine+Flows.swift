// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import EventLog
import Logging
import Wire

// MARK: What the port can do

extension BackendEngine {
    /// Asks the port for a rule of each shape, and takes it out again, unless a better form will do: on some ports the first rule decides
    /// what later ones may match.
    mutating func probeFlows() {
        flows.shape = nil
        guard host?.canHoldFlows != false else { return ladder.refuse(.perFlow, "netback can't hold single flows") }
        let candidates = FlowRuleShape.candidates(driver: facts.driver, device: facts.device)
        if configuration.flows.addresses.isEmpty && !candidates.contains(where: \.matchesMAC) {
            return ladder.refuse(
                .perFlow, "its rules can't match a MAC, and no vif has addresses that are known to be its own alone")
        }
        guard ladder.best(without: []) == .perFlow else {
            flows.shape = candidates.first
            return
        }
        guard let index = pool.free(for: FlowForm()) else { return }
        let queue = pool.interfaces[index].queuePair.receiveQueue
        // Nobody sends to these addresses (RFC 5737, RFC 3849), nor to this MAC.
        let four = FlowSelector(IPv4Address(rawValue: 0xC000_0201), .udp, port: 9)
        let six = FlowSelector(IPv6Address(high: 0x2001_0DB8_0000_0000, low: 1), .udp, port: 9)
        var words: [String] = []
        for shape in candidates {
            if let refusal = refusal(of: shape.rule(four, mac: FenceFrame.address.rawValue, queue: queue)) {
                words.append(refusal)
                continue
            }
            var shape = shape
            if shape.takesIPv6 {
                shape.takesIPv6 = refusal(of: shape.rule(six, mac: FenceFrame.address.rawValue, queue: queue)) == nil
            }
            flows.shape = shape
            return
        }
        ladder.refuse(.perFlow, words.first ?? "the driver is not known for rules of flows")
    }

    private mutating func refusal(of rule: FlowRule) -> String? { refusal(of: .rules([rule])) }

    /// Why the vif's flows can't be steered one by one, whatever the port says.
    func flowObjection(to vif: AcceleratedVif) -> SteeringObjection? {
        if vif.machine.version < ControlProtocol.flowVersion {
            return SteeringObjection(words: "the frontend speaks version \(vif.machine.version), which has no flows")
        }
        guard let shape = flows.shape else { return SteeringObjection(words: "the port takes no rules of flows") }
        if shape.matchesMAC { return nil }
        let own = configuration.flows.addresses[vif.description.mac] ?? []
        if own.isEmpty {
            return SteeringObjection(
                words: "rules can't match the MAC here, and the vif has no addresses that are known to be its own alone")
        }
        let others = configuration.flows.addresses.filter { $0.key != vif.description.mac }.flatMap(\.value)
        if let shared = own.first(where: others.contains) {
            return SteeringObjection(words: "rules can't match the MAC here, and another vif has the address \(shared)")
        }
        return nil
    }

    /// Whether a flow may have a rule.
    private func mayKey(_ selector: FlowSelector, _ vif: AcceleratedVif, _ shape: FlowRuleShape) -> Bool {
        if selector.isIPv6 && !shape.takesIPv6 { return false }
        if shape.matchesMAC { return true }
        return configuration.flows.addresses[vif.description.mac]?.contains(IPAddress(of: selector)) ?? false
    }
}

// MARK: A vif's grant

extension BackendEngine {
    /// Answers `createRule`: the VI is there, and flows may come. None is steered yet.
    mutating func beginFlows(for id: UInt32) -> [BackendEvent] {
        guard let vif = vifs[id], let grant = vif.machine.grantID,
            let meter = flows.watch.meter(mac: vif.description.mac.rawValue, capacity: configuration.flows.sketchCapacity)
        else { return [ruleFailed(AccelerationReason(.ruleRefused, "flows of so many vifs can't be counted"), of: id)] }
        // What was counted before is of no use.
        _ = meter.sketch.takeWindow()
        flows.vifs[id] = FlowVif(
            machine: FlowBatchMachine.Backend(
                grant: grant, settleNanoseconds: facts.settleNanoseconds, limits: configuration.limits),
            meter: meter)
        flows.policy.add(vif: id, now: now)
        setFlowLimit(of: id)
        return [.rule(.created)]
    }

    /// Answers `engageHold`, once all flows have gone back, each behind a hold of its own.
    mutating func withdrawFlows(of id: UInt32) -> [BackendEvent] {
        flows.policy.remove(vif: id)
        runFlows(id, .withdraw)
        guard let vif = flows.vifs[id], !vif.isEmptied else { return [.hold(.engaged)] }
        flows.vifs[id]?.question = .hold
        return []
    }

    /// Answers `destroyRule`: takes all rules out at once.
    mutating func abandonFlows(of id: UInt32) -> [BackendEvent] {
        flows.policy.remove(vif: id)
        // The machine may still wait for its hold.
        let answers: [BackendEvent] = flows.vifs[id]?.question == .hold ? [.hold(.engaged)] : []
        flows.vifs[id]?.question = nil
        runFlows(id, .abandon)
        guard let vif = flows.vifs[id], !vif.isEmptied else { return answers + [.rule(.removed)] }
        flows.vifs[id]?.question = .destroy
        return answers
    }

    /// The VI is given back.
    mutating func forgetFlows(of id: UInt32) {
        guard let vif = flows.vifs.removeValue(forKey: id) else { return }
        flows.policy.remove(vif: id)
        for entry in vif.machine.steered { vif.meter.noteUnsteered(entry.selector) }
    }

    /// What the frontend says of its flows; false when it is none of that.
    mutating func takeFlowMessage(_ message: ControlMessage, _ id: UInt32) -> Bool {
        guard let grant = message.flowGrant, flows.vifs[id] != nil, grant == vifs[id]?.machine.grantID else { return false }
        if case .flowHits(_, let hits) = message {
            flows.policy.noteHits(hits, vif: id, now: now)
        } else {
            tellFlows(id, .message(message))
        }
        return true
    }

    /// Moves the machine of the vif's batches, and then the vif's own if that waited for it.
    mutating func tellFlows(_ id: UInt32, _ event: FlowBatchMachine.BackendEvent) {
        runFlows(id, event)
        if let failure = flows.vifs[id]?.failure {
            flows.vifs[id]?.failure = nil
            tell(id, .flowsFailed(failure))
        }
        guard let vif = flows.vifs[id], vif.isEmptied, let question = vif.question else { return }
        flows.vifs[id]?.question = nil
        tell(id, question == .hold ? .hold(.engaged) : .rule(.removed))
    }

    private mutating func runFlows(_ id: UInt32, _ event: FlowBatchMachine.BackendEvent) {
        var events = [event]
        while !events.isEmpty {
            let event = events.removeFirst()
            guard let actions = flows.vifs[id]?.machine.handle(event, now: now) else { return }
            for action in actions { events += carryOut(action, for: id) }
        }
    }

    private mutating func carryOut(
        _ action: FlowBatchMachine.BackendAction, for id: UInt32
    ) -> [FlowBatchMachine.BackendEvent] {
        switch action {
        case .send(let message): send(message, to: id)
        case .hold(let selectors): _ = call(.holdFlows(selectors), for: id)
        case .release: _ = call(.releaseFlows, for: id)
        case .sendFence(let sequence):
            _ = call(.fence(sequence: sequence, settleNanoseconds: facts.settleNanoseconds), for: id)
        case .createRule(let entry): return [create(entry, for: id)]
        case .destroyRule(let entry): return destroy(entry, for: id)
        case .completed(let outcome): completed(outcome, id)
        case .emptied: flows.vifs[id]?.isEmptied = true
        case .failed(let reason): flows.vifs[id]?.failure = reason
        }
        return []
    }

    private mutating func create(_ entry: FlowEntry, for id: UInt32) -> FlowBatchMachine.BackendEvent {
        guard let vif = vifs[id], let attempt = vif.attempt, let shape = flows.shape else { return .rule(entry.id, .failed) }
        let queue = pool.interfaces[attempt.interface].queuePair.receiveQueue
        do throws(FlowError) {
            flows.vifs[id]?.rules[entry.id] = try programmer.create(
                shape.rule(entry.selector, mac: vif.description.mac.rawValue, queue: queue))
            flows.vifs[id]?.refusals = 0
            flows.vifs[id]?.hasRules = true
            flows.vifs[id]?.meter.noteSteered(entry.selector)
            counters.rulesCreated += 1
            return .rule(entry.id, .created)
        } catch {
            counters.rulesRefused += 1
            flows.vifs[id]?.refusals += 1
            // ixgbe says ENOSYS for the 129th n-tuple (ixgbe_ethdev.c, ixgbe_add_5tuple_filter).
            let isFull = error.code == 28 || error.code == 105 || (error.code == 38 && flows.ruleCount > 0)
            if isFull && flows.ruleCount > 0 {
                flows.policy.foundFull(now: now)
            } else if let flow = flows.vifs[id], !flow.hasRules, flow.refusals >= FlowControl.patience {
                vifs[id]?.failing = Ladder.Refusal(form: .perFlow, words: error.description)
                flows.vifs[id]?.failure = AccelerationReason(.ruleRefused, error.description)
            }
            return .rule(entry.id, .failed)
        }
    }

    private mutating func destroy(_ entry: FlowEntry, for id: UInt32) -> [FlowBatchMachine.BackendEvent] {
        guard let handle = flows.vifs[id]?.rules[entry.id] else { return [.rule(entry.id, .removed)] }
        do throws(FlowError) {
            try programmer.destroy(handle)
            forget(entry, id)
            return [.rule(entry.id, .removed)]
        } catch {
            let deadline = flows.vifs[id]?.stuck[entry.id]?.deadline ?? now.later(by: Self.removalPatience)
            flows.vifs[id]?.stuck[entry.id] = (entry, deadline)
            if now < deadline { return [] }
            giveUp(entry, "\(error)", id)
            return [.rule(entry.id, .removed)]
        }
    }

    private mutating func forget(_ entry: FlowEntry, _ id: UInt32) {
        flows.vifs[id]?.rules[entry.id] = nil
        flows.vifs[id]?.stuck[entry.id] = nil
        flows.vifs[id]?.leaks[entry.id] = nil
        flows.vifs[id]?.meter.noteUnsteered(entry.selector)
        givenBack.insert(.rule)
    }

    /// The rule stays in the port. The VI must not be given to anybody else before the port was restarted.
    private mutating func giveUp(_ entry: FlowEntry, _ words: String, _ id: UInt32) {
        forget(entry, id)
        vifs[id]?.attempt?.stuck = AccelerationReason(.ruleRefused, "the rule of \(entry.selector) can't be removed: \(words)")
        counters.rulesStuck += 1
        logger.log(BackendLogEvent.flowRuleStuck, ["vif": "\(name(of: id))", "flow": "\(entry.selector)", "driver": "\(words)"])
    }

    private mutating func completed(_ outcome: FlowBatchMachine.Outcome, _ id: UInt32) {
        guard let vif = flows.vifs[id] else { return }
        for entry in vif.machine.steered where outcome.added.contains(entry.id) {
            // What came until now was on its way before the rule took effect.
            flows.vifs[id]?.leaks[entry.id] = vif.meter.leaks(of: entry.selector)
        }
        flows.policy.completed(vif: id, added: outcome.added, failed: outcome.failed, removed: outcome.removed, now: now)
        if outcome.isFenceExpired { for flow in outcome.added { flows.policy.condemn(flow, vif: id) } }
    }
}

// MARK: Time

extension BackendEngine {
    mutating func tickFlows() {
        let deferred = flows.deferred
        flows.deferred = []
        for (id, event) in deferred { tellFlows(id, event) }
        if flows.vifs.isEmpty { return }
        for id in order {
            guard let vif = flows.vifs[id] else { continue }
            for (_, stuck) in vif.stuck.sorted(by: { $0.key < $1.key }) {
                for event in destroy(stuck.entry, for: id) { tellFlows(id, event) }
            }
            if let deadline = flows.vifs[id]?.machine.nextDeadline, now >= deadline { tellFlows(id, .tick) }
        }
        guard now >= flows.observedAt.later(by: configuration.flows.intervalNanoseconds) else { return }
        flows.observedAt = now
        for id in order { observeFlows(of: id) }
        flows.policy.settings.rules = min(
            configuration.flows.policy.rules, max(0, quotas.rules - (ruleCount - flows.ruleCount)))
        for (id, change) in flows.policy.decide(now: now) {
            tellFlows(id, .change(adds: change.adds, removes: change.removes))
        }
    }

    private mutating func observeFlows(of id: UInt32) {
        guard let vif = vifs[id], let flow = flows.vifs[id], let shape = flows.shape, vif.machine.mayChangeFlows else { return }
        let seen = flow.meter.sketch.takeWindow() ?? []
        flows.policy.observe(seen.filter { mayKey($0.selector, vif, shape) }, vif: id, now: now)
        countLeaks(flow, id)
    }

    /// A flow that goes on by the default queue although it has a rule loses that.
    private mutating func countLeaks(_ flow: FlowVif, _ id: UInt32) {
        let limits = configuration.limits
        for entry in flow.machine.steered {
            guard let count = flow.meter.leaks(of: entry.selector), let base = flow.leaks[entry.id], count &- base > 0 else {
                continue
            }
            if count &- base > limits.leakThreshold {
                counters.leaked += count &- base
                flows.policy.condemn(entry.id, vif: id)
                flows.vifs[id]?.leaks[entry.id] = count
                logger.log(BackendLogEvent.flowLeaks, ["vif": "\(name(of: id))", "flow": "\(entry.selector)"])
            }
        }
        guard now >= flow.leakWindow.later(by: limits.leakWindow) else { return }
        flows.vifs[id]?.leakWindow = now
        for entry in flow.machine.steered { flows.vifs[id]?.leaks[entry.id] = flow.meter.leaks(of: entry.selector) }
    }

    /// The port stops, or the vif goes: rules that it did not let go of are not tried again.
    mutating func abandonFlowRemovals(of id: UInt32) {
        guard let vif = flows.vifs[id] else { return }
        for (_, stuck) in vif.stuck.sorted(by: { $0.key < $1.key }) {
            giveUp(stuck.entry, "the port stops", id)
            tellFlows(id, .rule(stuck.entry.id, .removed))
        }
    }
}

extension ControlMessage {
    /// The grant that a frontend's message about flows is about; nil for any other message.
    var flowGrant: UInt32? {
        switch self {
        case .flowsReady(let id, _), .flowFenceReached(let id, _, _), .flowFenceExpired(let id, _), .flowsDrained(let id, _),
            .flowHits(let id, _):
            id
        default: nil
        }
    }
}
