// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Logging
import Wire

/// VIs, rules, and which form is tried.
extension BackendEngine {
    /// Asks the port for one rule of each form, on a VI that nobody has yet, and takes it out again.
    mutating func probeForms() {
        ladder.forget()
        removeLeftOver()
        for form in ladder.forms {
            guard pool.has(software: !form.usesQueuePairs) else {
                ladder.refuse(form, "there is no VI for it")
                continue
            }
            if !form.usesQueuePairs {
                if host?.canSteer == false { ladder.refuse(form, "netback can't steer in software") }
                continue
            }
            guard let index = freeInterface(software: false),
                // Nobody sends to this address, so the rule steers nothing.
                let rule = form.rule(
                    mac: FenceFrame.address.rawValue, vlan: nil, queue: pool.interfaces[index].queuePair.receiveQueue)
            else { continue }
            guard let words = refusal(of: rule) else { continue }
            ladder.refuse(form, words)
            logger.notice("port refuses steering form", metadata: ["form": "\(form.rawValue)", "driver": "\(words)"])
        }
    }

    /// The driver's words; nil when it took the rule, and let go of it.
    private mutating func refusal(of rule: FlowRule) -> String? {
        let handle: UInt64
        do throws(FlowError) {
            handle = try programmer.create(rule)
        } catch {
            // A full table (ENOSPC) is no statement about the form.
            return error.code == 28 ? nil : error.description
        }
        do throws(FlowError) {
            try programmer.destroy(handle)
            return nil
        } catch {
            leftOver.append(handle)
            return "a rule can't be removed again: \(error)"
        }
    }

    mutating func removeLeftOver() {
        guard !leftOver.isEmpty else { return }
        leftOver.removeAll { handle in (try? programmer.destroy(handle)) != nil }
    }

    private func freeInterface(software: Bool) -> Int? {
        pool.interfaces.indices.first { pool.uses[$0] == .free && pool.interfaces[$0].isSoftware == software }
    }

    /// Answers `allocateVI`.
    mutating func allocate(for id: UInt32) -> [BackendEvent] {
        guard let vif = vifs[id] else { return [] }
        guard let form = ladder.best(without: vif.refusals) else {
            let words = ladder.account(of: vif.refusals, next: nil) ?? "no form is known for \(facts.driver)"
            return [.virtualInterface(.unavailable(AccelerationReason(.noSteeringForm, words)))]
        }
        guard pool.counts.granted < configuration.quotas.virtualInterfaces else {
            vifs[id]?.wants = .interface
            let words = "\(configuration.quotas.virtualInterfaces) VIs are granted"
            return [.virtualInterface(.unavailable(AccelerationReason(.quota, words)))]
        }
        guard let index = pool.allocate(vif: id, software: !form.usesQueuePairs) else {
            vifs[id]?.wants = .interface
            let counts = pool.counts
            let words = "\(counts.granted) granted, \(counts.quarantined) in quarantine"
            return [.virtualInterface(.unavailable(AccelerationReason(.noFreeVI, words)))]
        }
        // Wraps after 2^32 grants; 0 means none.
        lastGrant = lastGrant == .max ? 1 : lastGrant + 1
        vifs[id]?.attempt = AcceleratedVif.Attempt(form: form, interface: index)
        vifs[id]?.isFenceSent = false
        vifs[id]?.failing = nil
        let interface = pool.interfaces[index]
        let pair = interface.queuePair
        let grant = Grant.queuePair(
            port: pair.port.rawValue, rxQueue: pair.receiveQueue, txQueue: pair.transmitQueue, mempool: interface.mempool,
            // Netback takes the tag out of what it steers in software, and puts it into what comes back.
            vlan: interface.isSoftware ? nil : vif.description.vlan)
        // 0 means that no fence is expected.
        let nonce = UInt64.random(in: 1...UInt64.max)
        return call(
            .setFenceNonce(
                nonce, then: .virtualInterface(.allocated(id: lastGrant, grant, fenceNonce: nonce))), for: id)
    }

    /// Answers `createRule`, if netback need not be waited for.
    mutating func createRule(for id: UInt32) -> [BackendEvent] {
        guard let vif = vifs[id], let attempt = vif.attempt else { return [] }
        vifs[id]?.isFenceSent = false
        let interface = pool.interfaces[attempt.interface]
        if let software = interface.software { return call(.steer(software), for: id) }
        guard ruleCount < configuration.quotas.rules else {
            vifs[id]?.wants = .rule
            return [.rule(.failed(AccelerationReason(.quota, "\(configuration.quotas.rules) rules are in use")))]
        }
        let queue = interface.queuePair.receiveQueue
        guard
            let rule = attempt.form.rule(mac: vif.description.mac.rawValue, vlan: vif.description.vlan, queue: queue)
        else { return [] }
        do throws(FlowError) {
            vifs[id]?.attempt?.rule = try programmer.create(rule)
            counters.rulesCreated += 1
            return [.rule(.created)]
        } catch {
            counters.rulesRefused += 1
            return [ruleFailed(AccelerationReason(.ruleRefused, error.description), of: id)]
        }
    }

    /// The form in use is no good for this vif.
    mutating func ruleFailed(_ reason: AccelerationReason, of id: UInt32) -> BackendEvent {
        if let form = vifs[id]?.attempt?.form {
            vifs[id]?.failing = Ladder.Refusal(form: form, words: reason.text)
        }
        return .rule(.failed(reason))
    }

    /// Answers `destroyRule`, if it succeeds at once.
    mutating func destroyRule(for id: UInt32) -> [BackendEvent] {
        guard let attempt = vifs[id]?.attempt else { return [.rule(.removed)] }
        if !attempt.form.usesQueuePairs { return call(.unsteer, for: id) }
        guard let rule = attempt.rule else { return [.rule(.removed)] }
        do throws(FlowError) {
            try programmer.destroy(rule)
            vifs[id]?.attempt?.rule = nil
            vifs[id]?.attempt?.removalDeadline = nil
            givenBack.insert(.rule)
            return [.rule(.removed)]
        } catch {
            let deadline = attempt.removalDeadline ?? now + Self.removalPatience
            vifs[id]?.attempt?.removalDeadline = deadline
            return now < deadline ? [] : [abandonRule(of: id, error.description)]
        }
    }

    /// The rule stays in the port. Its VI must not be given to anybody else before the port was restarted.
    private mutating func abandonRule(of id: UInt32, _ words: String) -> BackendEvent {
        vifs[id]?.attempt?.rule = nil
        vifs[id]?.attempt?.removalDeadline = nil
        vifs[id]?.attempt?.stuck = AccelerationReason(.ruleRefused, "its rule can't be removed: \(words)")
        counters.rulesStuck += 1
        logger.error("a flow rule can't be removed", metadata: ["vif": "\(id)", "driver": "\(words)"])
        return .rule(.removed)
    }

    /// Tries again to remove rules that the port did not let go of.
    mutating func retryRemoval(of id: UInt32) {
        guard vifs[id]?.attempt?.removalDeadline != nil else { return }
        for event in destroyRule(for: id) { tell(id, event) }
    }

    /// The port is about to stop, and takes the rules that are left with it.
    mutating func abandonRemoval(of id: UInt32) {
        guard vifs[id]?.attempt?.removalDeadline != nil else { return }
        tell(id, abandonRule(of: id, "the port stops"))
    }

    /// The VI is the pool's again, or nobody's.
    mutating func giveBack(for id: UInt32, quarantine: AccelerationReason?) {
        guard let attempt = vifs[id]?.attempt else { return }
        vifs[id]?.attempt = nil
        vifs[id]?.isFenceSent = false
        if let reason = quarantine ?? attempt.stuck {
            pool.quarantine(attempt.interface, reason)
            logger.warning(
                "VI in quarantine", metadata: ["vi": "\(pool.interfaces[attempt.interface].id)", "reason": "\(reason)"])
        } else {
            pool.interfaces[attempt.interface].software?.reset()
            pool.reclaim(attempt.interface)
        }
        // One in quarantine counts no longer towards the quota.
        givenBack.insert(.interface)
        _ = call(.setFenceNonce(0, then: nil), for: id)
    }

    /// Starts over with the next form, once the machine has come all the way back from the one that failed.
    mutating func tryNextForm(_ id: UInt32) {
        guard let vif = vifs[id], vif.triesNext, case .refused = vif.machine.state else { return }
        vifs[id]?.triesNext = false
        startOver(id)
    }

    /// Makes the machine forget why it was refused.
    mutating func startOver(_ id: UInt32) {
        guard let vif = vifs[id], vif.shouldAccelerate, suspension == nil else { return }
        vifs[id]?.wants = nil
        tell(id, .wanted(false))
        tell(id, .wanted(true))
    }

    /// Vifs that were refused for want of something that was given back get another chance.
    mutating func wakeWaiting() {
        while !givenBack.isEmpty {
            let fresh = givenBack
            givenBack = []
            for id in order where isWaiting(id, for: fresh) { startOver(id) }
        }
    }

    private func isWaiting(_ id: UInt32, for fresh: Set<AcceleratedVif.Scarcity>) -> Bool {
        guard let vif = vifs[id], let wants = vif.wants, fresh.contains(wants),
            case .refused(let reason) = vif.machine.state
        else { return false }
        return reason.code == .noFreeVI || reason.code == .quota
    }
}
