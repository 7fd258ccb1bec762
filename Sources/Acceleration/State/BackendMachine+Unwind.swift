// SPDX-License-Identifier: BSD-3-Clause

/// The way back to the slow path, from wherever the machine is.
extension BackendMachine {
    private var limits: AccelerationLimits { configuration.limits }

    /// Starts the way back, or changes one under way for the worse.
    mutating func unwind(
        losslessly: Bool, failure: AccelerationReason?, quarantine: AccelerationReason? = nil,
        tellFrontend: Bool = true, isGuestGone: Bool = false
    ) {
        if phase == .idle { return }
        if unwinding != nil {
            if !losslessly { unwinding?.isLossless = false }
            if let failure { unwinding?.failure = failure }
            if let quarantine, unwinding?.quarantine == nil {
                unwinding?.quarantine = quarantine
                unwinding?.isForgiven = false
            }
        } else {
            let wasOffering = phase == .offering
            let isOnlyOffered = wasOffering || phase == .allocating
            phase = .unwinding
            nextDeadline = nil
            unwinding = Unwinding(
                isLossless: losslessly, failure: failure, quarantine: quarantine, wasOffering: wasOffering)
            if isOnlyOffered && tellFrontend { takeBackOffer(failure) }
        }
        if isGuestGone { unwinding?.isGuestGone = true }
        unwindFurther()
    }

    private mutating func takeBackOffer(_ failure: AccelerationReason?) {
        actions.append(.send(.revoke(id: 0, failure ?? suspension ?? AccelerationReason(.notWanted))))
    }

    /// Takes each step that can be taken now. Called again whenever an answer arrives.
    mutating func unwindFurther() {
        guard let way = unwinding else { return }
        if !way.isLossless {
            unwinding?.awaitsFence = false
            revokeOnce()
        }
        if stopSteering() {
            letFrontendDrain()
            releaseHold()
            takeBackVirtualInterface()
        }
        if !isAllocating, rule == .none, hold == .none, virtualInterface == nil {
            finish()
        } else if case .quarantined = state {
            // Already shown: only the host's answers are missing.
        } else {
            publish(.draining)
        }
    }

    /// Whether no rule steers to the VI any more.
    private mutating func stopSteering() -> Bool {
        guard let way = unwinding else { return false }
        switch rule {
        case .none:
            return true
        case .creating, .destroying:
            return false
        case .created:
            if way.isLossless && hold == .none {
                guard isFenceBehind() else { return false }
                hold = .engaging
                actions.append(.engageHold)
            } else if !way.isLossless || hold == .engaged {
                rule = .destroying
                actions.append(.destroyRule)
            }
            return false
        }
    }

    /// Whether all that the default queue had received when the rule took effect is in the slow queue pairs: a hold that came
    /// earlier would keep back frames that are older than those that the VI yielded, and deliver them later.
    private mutating func isFenceBehind() -> Bool {
        if isFenceSent || isFenceReached || isFenceGivenUp { return true }
        if unwinding?.awaitsFence == false {
            unwinding?.awaitsFence = true
            if isFenceAsked { setDeadline(after: limits.fence) } else { sendFence() }
        }
        return false
    }

    /// The fence is in every slow queue pair, or has not come there in time.
    mutating func endFenceWait() {
        unwinding?.awaitsFence = false
        nextDeadline = nil
        unwindFurther()
    }

    private mutating func letFrontendDrain() {
        guard let way = unwinding, way.isLossless, !way.isTold, let vi = virtualInterface,
            vi.progress == .opening || vi.progress == .open
        else { return }
        unwinding?.isTold = true
        actions.append(.send(.rulesRemoved(id: vi.id)))
        setDeadline(after: limits.drain.later(by: configuration.settleNanoseconds))
    }

    private mutating func releaseHold() {
        guard hold == .engaged, let way = unwinding else { return }
        let isDrained = virtualInterface.map { $0.progress == .drained || $0.progress == .closed } ?? true
        guard isDrained || way.isRevocationHeard else { return }
        hold = .releasing
        actions.append(.releaseHold)
    }

    private mutating func revokeOnce() {
        guard let way = unwinding, !way.isRevoked, let vi = virtualInterface,
            vi.progress != .notGranted, vi.progress != .closed
        else { return }
        unwinding?.isRevoked = true
        let reason = way.quarantine ?? way.failure ?? suspension ?? AccelerationReason(.notWanted)
        actions.append(.send(.revoke(id: vi.id, reason)))
        if hold == .engaging || hold == .engaged {
            setDeadline(after: limits.revocation)
        } else {
            // Nothing is kept back that could be let go too early.
            unwinding?.isRevocationHeard = true
            setDeadline(after: limits.close)
        }
    }

    /// Whatever the frontend finds on its VI from now on, it finds after the order to close it.
    mutating func revocationHeard() {
        unwinding?.isRevocationHeard = true
        setDeadline(after: limits.close)
        unwindFurther()
    }

    private mutating func takeBackVirtualInterface() {
        guard let way = unwinding, let vi = virtualInterface else { return }
        switch vi.progress {
        case .notGranted, .closed:
            guard hold == .none else { return }
            actions.append(.reclaimVI)
            virtualInterface = nil
            nextDeadline = nil
        case .opening, .open, .drained:
            guard let reason = way.quarantine, hold == .none || hold == .releasing else { return }
            actions.append(.quarantineVI(reason))
            virtualInterface = nil
            nextDeadline = nil
            publish(.quarantined(reason))
        }
    }

    private mutating func finish() {
        guard let way = unwinding else { return }
        unwinding = nil
        phase = .idle
        nextDeadline = nil
        if way.isGuestGone {
            publish(.none)
        } else if case .quarantined(let reason) = state {
            refusal = way.isForgiven ? nil : reason
        } else if let failure = way.failure {
            refusal = failure
            publish(.refused(failure))
            if isWorthAnotherOffer(way, failure) { setDeadline(after: limits.reoffer) }
        } else if !isWanted || suspension == nil {
            publish(.none)
        }
        startIfWanted()
    }

    private func isWorthAnotherOffer(_ way: Unwinding, _ failure: AccelerationReason) -> Bool {
        guard isWanted, !isBarred, suspension == nil, limits.reoffer > 0 else { return false }
        return way.wasOffering || failure.code == .pluginRemoved || failure.code == .noPlugin
    }
}
