// SPDX-License-Identifier: BSD-3-Clause

/// What happens around the hand-shake: the operator, the port, the guest, the holds, time.
extension BackendMachine {
    mutating func wantedChanged(to wanted: Bool) {
        guard wanted != isWanted else { return }
        isWanted = wanted
        isBarred = false
        forgive()
        if phase == .idle {
            nextDeadline = nil
            if case .refused = state, !wanted { publish(.none) }
            startIfWanted()
        } else if phase != .unwinding, !wanted {
            unwind(losslessly: true, failure: nil)
        }
    }

    /// Forgets why nothing was to be started.
    private mutating func forgive() {
        refusal = nil
        unwinding?.failure = nil
        unwinding?.isForgiven = true
    }

    mutating func holdAnswered(_ result: BackendEvent.HoldResult) {
        switch (result, hold) {
        case (.engaged, .engaging):
            hold = .engaged
            unwindFurther()
        case (.released, .releasing):
            hold = .none
            unwindFurther()
        case (.engaged, _), (.released, _):
            unexpectedAnswers += 1
        }
    }

    /// Whoever does not answer about flows won't be waited for any longer: what its VI holds is lost.
    mutating func flowsFailed(_ reason: AccelerationReason) {
        guard phase != .idle else { return }
        if reason.code == .protocolViolation {
            violated(reason.text)
        } else {
            unwind(losslessly: false, failure: reason)
        }
    }

    mutating func portSuspended(_ reason: AccelerationReason) {
        suspension = reason
        if phase == .idle {
            nextDeadline = nil
        } else {
            unwind(losslessly: false, failure: nil)
        }
    }

    mutating func portResumed() {
        suspension = nil
        if isBarred { return }
        forgive()
        guard phase == .idle else { return }
        // A restart of the port gives back the VIs in quarantine, too.
        if !isWanted { publish(.none) }
        startIfWanted()
    }

    mutating func guestGone() {
        isWanted = false
        isBarred = false
        unansweredOffers = 0
        forgive()
        if phase == .idle {
            nextDeadline = nil
            publish(.none)
            return
        }
        if let progress = virtualInterface?.progress, progress != .notGranted {
            virtualInterface?.progress = .closed
        }
        unwind(losslessly: false, failure: nil, tellFrontend: false, isGuestGone: true)
    }

    mutating func timePassed() {
        guard let deadline = nextDeadline, now >= deadline else { return }
        nextDeadline = nil
        switch phase {
        case .idle:
            // What is published stays until the offer is taken.
            refusal = nil
            offer(version: configuration.versions.upperBound)
        case .offering:
            unwind(losslessly: true, failure: AccelerationReason(.timeout, "no answer to the offer"))
        case .opening:
            unwind(losslessly: false, failure: AccelerationReason(.timeout, "the VI was not opened"))
        case .proving:
            isFenceGivenUp = true
            unwind(losslessly: true, failure: AccelerationReason(.timeout, "the fence did not come back"))
        case .unwinding where unwinding?.awaitsFence == true:
            isFenceGivenUp = true
            endFenceWait()
        case .unwinding where unwinding?.isRevoked == true && unwinding?.isRevocationHeard == false:
            revocationHeard()
        case .unwinding:
            let what = virtualInterface?.progress == .open && unwinding?.isRevoked == false ? "drained" : "closed"
            let reason = AccelerationReason(.timeout, "the VI was not \(what)")
            unwind(losslessly: false, failure: reason, quarantine: reason)
        case .allocating, .waiting, .creatingRule, .connected:
            break
        }
    }
}
