// SPDX-License-Identifier: BSD-3-Clause

/// The way from the slow path to the VI.
extension BackendMachine {
    private var limits: AccelerationLimits { configuration.limits }

    mutating func startIfWanted() {
        guard phase == .idle, isWanted, refusal == nil else { return }
        if let suspension {
            if case .quarantined = state { return }
            publish(.refused(suspension))
            return
        }
        offer(version: configuration.versions.upperBound)
        publish(.offered)
    }

    /// Sends an offer. What is published stays, so that a reason is shown until the offer is taken.
    mutating func offer(version: UInt16) {
        phase = .offering
        offeredVersion = version
        unansweredOffers += 1
        actions.append(
            .send(
                .offer(
                    version: version, mac: configuration.mac, plugin: configuration.plugin,
                    maximumStash: configuration.maximumStash)))
        setDeadline(after: limits.offer)
    }

    mutating func offerAccepted(version: UInt16) {
        if version == offeredVersion {
            phase = .allocating
            isAllocating = true
            nextDeadline = nil
            actions.append(.allocateVI)
            publish(.offered)
        } else if version > offeredVersion {
            violated("accepted version \(version) of \(offeredVersion)")
        } else if configuration.versions.contains(version) {
            offer(version: version)
        } else {
            unwind(losslessly: true, failure: AccelerationReason(.versionMismatch, "frontend has \(version)"))
        }
    }

    mutating func allocationAnswered(_ allocation: BackendEvent.Allocation) {
        guard isAllocating else {
            unexpectedAnswers += 1
            return
        }
        isAllocating = false
        switch allocation {
        case .unavailable(let reason):
            if phase == .unwinding { unwindFurther() } else { unwind(losslessly: true, failure: reason) }
        case .allocated(let id, let grant, let fenceNonce):
            virtualInterface = VirtualInterface(id: id)
            if phase == .unwinding {
                unwindFurther()
                return
            }
            let message = ControlMessage.grant(
                id: id, grant, fenceNonce: fenceNonce, settleNanoseconds: configuration.settleNanoseconds)
            guard message.isEncodable else {
                unwind(losslessly: true, failure: AccelerationReason(.openFailed, "the grant can't be encoded"))
                return
            }
            virtualInterface?.progress = .opening
            phase = .opening
            actions.append(.send(message))
            setDeadline(after: limits.open)
            publish(.granted)
        }
    }

    mutating func candidateSeen() {
        guard phase == .waiting else { return }
        phase = .creatingRule
        rule = .creating
        isFenceAsked = false
        isFenceSent = false
        isFenceGivenUp = false
        isFenceReached = false
        isProven = false
        actions.append(.createRule)
    }

    mutating func ruleAnswered(_ result: BackendEvent.RuleResult) {
        switch (result, rule) {
        case (.created, .creating):
            rule = .created
            if phase == .unwinding { unwindFurther() } else { startProving() }
        case (.failed(let reason), .creating):
            rule = .none
            if phase == .unwinding { unwindFurther() } else { unwind(losslessly: true, failure: reason) }
        case (.removed, .destroying):
            rule = .none
            unwindFurther()
        case (.created, _), (.failed, _), (.removed, _):
            unexpectedAnswers += 1
        }
    }

    private mutating func startProving() {
        phase = .proving
        leakWindowStart = now
        leaked = 0
        sendFence()
        publish(.proving)
    }

    mutating func sendFence() {
        // Wraps after 2^32 switches of path; a sequence is compared with the newest only.
        fenceSequence &+= 1
        isFenceAsked = true
        actions.append(.sendFence(sequence: fenceSequence))
        setDeadline(after: limits.fence)
    }

    mutating func fenceSent(_ sequence: UInt32) {
        guard isFenceAsked, sequence == fenceSequence, !isFenceSent else { return }
        isFenceSent = true
        if unwinding?.awaitsFence == true {
            endFenceWait()
            return
        }
        guard phase == .proving else { return }
        leakWindowStart = now
        leaked = 0
        if !isFenceReached { setDeadline(after: limits.fence) }
    }

    /// Both are needed: the fence says that nothing is left on the slow path, the proof that the rule works.
    mutating func connectIfProven() {
        guard phase == .proving, isFenceReached, isProven else { return }
        phase = .connected
        publish(.connected)
    }

    mutating func leaked(_ count: UInt64) {
        guard watchesForLeaks else { return }
        // A rule by which no frame ever came is judged by all that leaked, however slowly.
        if isProven && (now < leakWindowStart || now - leakWindowStart >= limits.leakWindow) {
            leakWindowStart = now
            leaked = 0
        }
        leaked = leaked.later(by: count)
        if leaked > limits.leakThreshold {
            abandonRule(AccelerationReason(.ruleLeaks, "\(leaked) frames by the default queue after the fence"))
        }
    }

    mutating func abandonRule(_ reason: AccelerationReason) {
        guard phase == .proving || phase == .connected else { return }
        unwind(losslessly: true, failure: reason)
    }
}
