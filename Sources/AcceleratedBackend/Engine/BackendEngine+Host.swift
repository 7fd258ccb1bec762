// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import EventLog
import Logging

/// What goes to netback and, through it, to the frontends.
extension BackendEngine {
    mutating func send(_ message: ControlMessage, to id: UInt32) {
        guard var vif = vifs[id] else { return }
        switch vif.outbox.send(message, over: vif.link) {
        case .sent, .full: break
        // The time limits of the hand-shake notice that nobody answers.
        case .refused, .invalid: counters.messagesLost += 1
        }
        vifs[id] = vif
    }

    /// Asks netback, or keeps the call for later; what follows at once.
    mutating func call(_ call: HostCall, for id: UInt32) -> [BackendEvent] {
        guard vifs[id]?.calls.isEmpty == true, let events = attempt(call, for: id) else {
            vifs[id]?.calls.append(call)
            return []
        }
        return events
    }

    /// Makes the calls that wait, in order, as far as netback has room.
    mutating func retryCalls(for id: UInt32) {
        while let call = vifs[id]?.calls.first, let events = attempt(call, for: id) {
            vifs[id]?.calls.removeFirst()
            for event in events { tell(id, event) }
        }
    }

    /// As `retryCalls`, for vifs that are gone.
    mutating func retryFarewells() {
        while let (id, call) = farewells.first, attempt(call, for: id) != nil { farewells.removeFirst() }
    }

    /// nil when netback has no room.
    private mutating func attempt(_ call: HostCall, for id: UInt32) -> [BackendEvent]? {
        guard let host else { return [] }
        switch call {
        // Netback answers by an event. Where it knows no such vif nothing is held, and nothing steered.
        case .hold:
            let answer = host.hold(vif: id)
            if answer == .done { vifs[id]?.isHeld = true }
            return follow(answer, orElse: .hold(.engaged))
        case .release:
            let answer = host.release(vif: id)
            if answer != .busy { vifs[id]?.isHeld = false }
            return follow(answer, orElse: .hold(.released))
        case .unsteer:
            let answer = host.unsteer(vif: id)
            if answer != .busy { vifs[id]?.isSteered = false }
            return follow(answer, orElse: .rule(.removed))
        case .steer(let interface):
            let answer = unsafe host.steer(interface.c, vif: id)
            if answer == .done { vifs[id]?.isSteered = true }
            guard case .failed(let code) = answer else { return follow(answer, orElse: nil) }
            return [ruleFailed(AccelerationReason(.ruleRefused, "netback refuses to steer, errno \(code)"), of: id)]
        // Where netback knows no such vif, or no such hold, nothing is held.
        case .holdFlows(let selectors):
            let answer = host.hold(selectors, vif: id)
            if answer == .done { vifs[id]?.areFlowsHeld = true }
            if case .failed = answer { flows.deferred.append((id, .held)) }
            return follow(answer, orElse: nil)
        case .releaseFlows:
            let answer = host.releaseFlows(vif: id)
            if answer != .busy { vifs[id]?.areFlowsHeld = false }
            if case .failed = answer { flows.deferred.append((id, .released)) }
            return follow(answer, orElse: nil)
        // Without a fence the machine's time limit runs out.
        case .fence(let sequence, let settle):
            return follow(host.fence(sequence: sequence, settleNanoseconds: settle, vif: id), orElse: nil)
        case .setFenceNonce(let nonce, let then):
            if host.setFenceNonce(nonce, vif: id) == .busy { return nil }
            return then.map { [$0] } ?? []
        }
    }

    private func follow(_ answer: BackendHost.Answer, orElse event: BackendEvent?) -> [BackendEvent]? {
        switch answer {
        case .done: []
        case .busy: nil
        case .failed: event.map { [$0] } ?? []
        }
    }

    func sendLocalAddresses(to id: UInt32) {
        guard let localAddresses, let vif = vifs[id] else { return }
        // A full link keeps a place for these.
        _ = vif.link.send(.localAddresses(generation: localAddresses.generation, localAddresses.addresses))
    }

    mutating func stateChanged(to state: AccelerationState, of id: UInt32) {
        if case .refused(let reason) = state { noteRefusal(reason, of: id) }
        report(id)
    }

    /// Takes the form that failed off the vif's list. What a frontend says never does.
    private mutating func noteRefusal(_ reason: AccelerationReason, of id: UInt32) {
        guard let failing = vifs[id]?.failing, reason.code == .ruleRefused || reason.code == .ruleLeaks else { return }
        vifs[id]?.failing = nil
        vifs[id]?.refusals.append(failing)
        let hasNext = ladder.best(without: vifs[id]?.refusals ?? []) != nil
        vifs[id]?.triesNext = hasNext
    }

    /// For the log.
    func name(of id: UInt32) -> String { vifs[id]?.description.name ?? "\(id)" }

    /// Tells netback what the vif's status should show, if that is news.
    mutating func report(_ id: UInt32) {
        guard let vif = vifs[id] else { return }
        let status = status(of: vif)
        guard status != vif.reported else { return }
        vifs[id]?.reported = status
        host?.report(status, vif: id)
        var values: Logger.Metadata = ["vif": "\(vif.description.name)", "state": "\(status.state)"]
        if let form = status.form { values["form"] = "\(form)" }
        if let reason = status.reason { values["reason"] = "\(reason)" }
        logger.log(BackendLogEvent.accelerationChanged, values)
    }

    func status(of vif: AcceleratedVif) -> AccelerationStatus {
        if vif.isDuplicate {
            return vif.isWanted
                ? AccelerationStatus(state: .refused(AccelerationReason(.duplicateMAC, "\(vif.description.mac)")))
                : AccelerationStatus()
        }
        let next = ladder.best(without: vif.refusals)
        let account = ladder.account(of: vif.refusals, next: next)
        var status = AccelerationStatus(state: vif.machine.state, form: vif.attempt?.form.letter)
        if let account, vif.isWanted { status.reason = AccelerationReason(.ruleRefused, account) }
        if case .refused(let reason) = vif.machine.state, let account, !vif.refusals.isEmpty, reason.code != .noSteeringForm {
            status.state = .refused(AccelerationReason(reason.code, account))
        }
        return status
    }
}
