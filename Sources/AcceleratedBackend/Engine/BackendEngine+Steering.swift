// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import EventLog
import Logging
import Wire

/// VIs, rules, and which form is tried.
extension BackendEngine {
    /// Asks the port once for each form, on a VI that nobody has yet, and takes what it got out again: before any guest is steered, since
    /// on some ports the first rule decides what later ones may match.
    mutating func probeForms() {
        ladder.forget()
        removeLeftOver()
        for form in ladder.forms {
            let method = form.method
            guard pool.has(method) else {
                ladder.refuse(form, form == .addressPool ? "the port was configured without pools" : "there is no VI for it")
                continue
            }
            if form == .perFlow {
                probeFlows()
                continue
            }
            if form == .software && host?.canSteer == false { ladder.refuse(form, "netback can't steer in software") }
            guard form.usesQueuePairs, method.canBeProbed, let index = pool.free(for: method) else { continue }
            // Nobody sends to this address, so nothing is steered.
            let target = pool.interfaces[index].target(mac: FenceFrame.address.rawValue, vlan: nil)
            guard let installation = try? method.installation(for: target), let words = refusal(of: installation) else {
                continue
            }
            ladder.refuse(form, words)
            logger.log(BackendLogEvent.formRefused, ["form": "\(form.rawValue)", "driver": "\(words)"])
        }
    }

    /// The driver's words; nil when it took everything, and let go of it.
    mutating func refusal(of installation: Installation) -> String? {
        var installed = InstalledSteering()
        if let error = installed.install(installation, programmer) {
            if !installed.isEmpty { leftOver.append(installed) }
            // A full table (ENOSPC) is no statement about the form.
            return error.isFullTable ? nil : error.description
        }
        guard let error = installed.remove(programmer) else { return nil }
        leftOver.append(installed)
        return "what it took can't be taken out again: \(error)"
    }

    mutating func removeLeftOver() {
        for index in leftOver.indices { _ = leftOver[index].remove(programmer) }
        leftOver.removeAll(where: \.isEmpty)
    }

    /// Answers `allocateVI`.
    mutating func allocate(for id: UInt32) -> [BackendEvent] {
        guard let vif = vifs[id] else { return [] }
        guard let form = bestForm(for: vif) else {
            let words = ladder.account(of: vifs[id]?.refusals ?? [], next: nil) ?? "no form is known for \(facts.driver)"
            return [.virtualInterface(.unavailable(AccelerationReason(.noSteeringForm, words)))]
        }
        guard pool.counts.granted < quotas.virtualInterfaces else {
            vifs[id]?.wants = .interface
            let words = "\(quotas.virtualInterfaces) VIs are granted"
            return [.virtualInterface(.unavailable(AccelerationReason(.quota, words)))]
        }
        guard
            let index = pool.allocate(
                vif: id, name: vif.description.name, isRemote: vif.description.isRemote, for: form.method)
        else {
            vifs[id]?.wants = .interface
            let counts = pool.counts
            let words = "\(counts.granted) granted, \(counts.quarantined) in quarantine"
            return [.virtualInterface(.unavailable(AccelerationReason(.noFreeVI, words)))]
        }
        let grant: Grant
        do throws(ExportError) {
            grant = try self.grant(of: pool.interfaces[index], to: vif.description)
        } catch {
            pool.reclaim(index)
            return [.virtualInterface(.unavailable(AccelerationReason(.openFailed, "the VI can't be exported: \(error)")))]
        }
        // Wraps after 2^32 grants; 0 means none.
        lastGrant = lastGrant == .max ? 1 : lastGrant + 1
        vifs[id]?.attempt = AcceleratedVif.Attempt(form: form, interface: index)
        vifs[id]?.failing = nil
        // 0 means that no fence is expected.
        let nonce = UInt64.random(in: 1...UInt64.max)
        return call(
            .setFenceNonce(
                nonce, then: .virtualInterface(.allocated(id: lastGrant, grant, fenceNonce: nonce))), for: id)
    }

    private func grant(of interface: VirtualInterface, to vif: VifDescription) throws(ExportError) -> Grant {
        if let export = interface.export {
            let devargs = try export.open(
                for: ExportedVif(name: vif.name, mac: vif.mac.rawValue, vlan: vif.vlan ?? 0))
            return .device(devargs: devargs)
        }
        let pair = interface.queuePair
        return .queuePair(
            port: pair.port.rawValue, rxQueue: pair.receiveQueue, txQueue: pair.transmitQueue, mempool: interface.mempool,
            // Netback takes the tag out of what it steers in software, and puts it into what comes back.
            vlan: interface.isSoftware ? nil : vif.vlan)
    }

    /// The best form that may serve the vif. Forms that can't, whatever the port says, are refused for it with the reason.
    private mutating func bestForm(for vif: AcceleratedVif) -> SteeringForm? {
        var refusals = vif.refusals
        defer { vifs[vif.description.id]?.refusals = refusals }
        while let form = ladder.best(without: refusals) {
            do throws(SteeringObjection) {
                if form == .addressPool && vif.description.mac.rawValue == facts.mac {
                    throw SteeringObjection(words: "\(vif.description.mac) is the port's own address")
                }
                if form == .perFlow, let objection = flowObjection(to: vif) { throw objection }
                guard let candidate = pool.interfaces.first(where: form.method.accepts) else { return form }
                let installation = try form.method.installation(
                    for: candidate.target(mac: vif.description.mac.rawValue, vlan: vif.description.vlan))
                // Single flows come one by one, and need one to begin with.
                guard let words = quotaObjection(form == .perFlow ? 1 : installation.ruleCount, to: vif) else { return form }
                refusals.append(Ladder.Refusal(form: form, words: words, isQuota: true))
            } catch {
                refusals.append(Ladder.Refusal(form: form, words: error.words))
            }
        }
        return nil
    }

    /// Answers `createRule`, if netback need not be waited for.
    mutating func createRule(for id: UInt32) -> [BackendEvent] {
        guard let vif = vifs[id], let attempt = vif.attempt else { return [] }
        let interface = pool.interfaces[attempt.interface]
        if let software = interface.software { return call(.steer(software), for: id) }
        if attempt.form == .perFlow { return beginFlows(for: id) }
        let target = interface.target(mac: vif.description.mac.rawValue, vlan: vif.description.vlan)
        let installation: Installation
        do throws(SteeringObjection) {
            installation = try attempt.form.method.installation(for: target)
        } catch {
            return [ruleFailed(AccelerationReason(.ruleRefused, error.words), of: id)]
        }
        guard ruleCount + installation.ruleCount <= quotas.rules else {
            vifs[id]?.wants = .rule
            return [.rule(.failed(AccelerationReason(.quota, "\(ruleCount) of \(quotas.rules) rules are in use")))]
        }
        var installed = InstalledSteering()
        let error = installed.install(installation, programmer)
        vifs[id]?.attempt?.installed = installed
        guard let error else {
            counters.rulesCreated += UInt64(installation.ruleCount)
            return [.rule(.created)]
        }
        counters.rulesRefused += 1
        if !installed.isEmpty { keepStuck(error.description, of: id) }
        return [ruleFailed(AccelerationReason(.ruleRefused, error.description), of: id)]
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
        if attempt.form == .perFlow { return abandonFlows(of: id) }
        var installed = attempt.installed
        let error = installed.remove(programmer)
        vifs[id]?.attempt?.installed = installed
        guard let error else {
            vifs[id]?.attempt?.removalDeadline = nil
            givenBack.insert(.rule)
            return [.rule(.removed)]
        }
        let deadline = attempt.removalDeadline ?? now + Self.removalPatience
        vifs[id]?.attempt?.removalDeadline = deadline
        return now < deadline ? [] : [abandonRule(of: id, error.description)]
    }

    /// What steers stays in the port. Its VI must not be given to anybody else before the port was restarted.
    private mutating func abandonRule(of id: UInt32, _ words: String) -> BackendEvent {
        vifs[id]?.attempt?.removalDeadline = nil
        keepStuck(words, of: id)
        return .rule(.removed)
    }

    private mutating func keepStuck(_ words: String, of id: UInt32) {
        guard let attempt = vifs[id]?.attempt else { return }
        if let mac = attempt.installed.address { stuckAddresses.append((mac, attempt.interface)) }
        vifs[id]?.attempt?.installed = InstalledSteering()
        vifs[id]?.attempt?.stuck = AccelerationReason(.ruleRefused, "its rule can't be removed: \(words)")
        counters.rulesStuck += 1
        logger.log(BackendLogEvent.ruleStuck, ["vif": "\(name(of: id))", "driver": "\(words)"])
    }

    /// Tries again to remove rules that the port did not let go of.
    mutating func retryRemoval(of id: UInt32) {
        guard vifs[id]?.attempt?.removalDeadline != nil else { return }
        for event in destroyRule(for: id) { tell(id, event) }
    }

    /// The vif's address stays in its pool until the port runs again, and the VI with it.
    mutating func leaveAddress(of id: UInt32, _ reason: AccelerationReason) {
        guard let attempt = vifs[id]?.attempt, let mac = attempt.installed.address else { return }
        stuckAddresses.append((mac, attempt.interface))
        vifs[id]?.attempt?.installed.address = nil
        vifs[id]?.attempt?.stuck = reason
    }

    /// A VI that is still on its way back may be given to others, unless its address stayed.
    mutating func noteAddressGone(of id: UInt32) {
        guard let attempt = vifs[id]?.attempt, attempt.stuck?.code == .portReset,
            !stuckAddresses.contains(where: { $0.interface == attempt.interface })
        else { return }
        vifs[id]?.attempt?.stuck = nil
    }

    /// The port is about to stop, and takes the rules that are left with it.
    mutating func abandonRemoval(of id: UInt32) {
        abandonFlowRemovals(of: id)
        guard vifs[id]?.attempt?.removalDeadline != nil else { return }
        tell(id, abandonRule(of: id, "the port stops"))
    }

    /// The VI is the pool's again, or nobody's.
    mutating func giveBack(for id: UInt32, quarantine: AccelerationReason?) {
        guard let attempt = vifs[id]?.attempt else { return }
        vifs[id]?.attempt = nil
        forgetFlows(of: id)
        if let reason = whyNotReusable(attempt, quarantine) {
            pool.quarantine(attempt.interface, reason)
            logger.log(
                reason.code == .portReset ? BackendLogEvent.viAwaitsReset : .viQuarantined,
                ["vi": "\(pool.interfaces[attempt.interface].id)", "vif": "\(name(of: id))", "reason": "\(reason)"])
        } else {
            pool.interfaces[attempt.interface].software?.reset()
            pool.reclaim(attempt.interface)
        }
        // One in quarantine counts no longer towards the quota.
        givenBack.insert(.interface)
        _ = call(.setFenceNonce(0, then: nil), for: id)
    }

    /// Why nobody may have the VI for now. One that is exported is taken back whatever its guest does.
    private func whyNotReusable(_ attempt: AcceleratedVif.Attempt, _ quarantine: AccelerationReason?) -> AccelerationReason? {
        guard let export = pool.interfaces[attempt.interface].export else { return quarantine ?? attempt.stuck }
        if !export.close() { return AccelerationReason(.openFailed, "a poll loop is stuck in it") }
        return attempt.stuck
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

extension VirtualInterface {
    /// Frames for that address to this VI.
    fileprivate func target(mac: UInt64, vlan: UInt16?) -> SteeringTarget {
        SteeringTarget(mac: mac, vlan: vlan, queue: queuePair.receiveQueue, pool: pool)
    }
}

extension Installation {
    fileprivate var ruleCount: Int {
        if case .rules(let rules) = self { rules.count } else { 0 }
    }
}

extension FlowError {
    /// There are too many of something, whatever it is: ENOSPC, or i40e's ENOBUFS (i40e_fdir.c).
    fileprivate var isFullTable: Bool { code == 28 || code == 105 }
}
