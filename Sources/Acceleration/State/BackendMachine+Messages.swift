// SPDX-License-Identifier: BSD-3-Clause

/// What the frontend says.
extension BackendMachine {
    mutating func received(_ message: ControlMessage) {
        switch message {
        case .accept(let version):
            if isAnswerToNewestOffer() { offerAccepted(version: version) }
        case .refuse(let reason):
            if isAnswerToNewestOffer() { unwind(losslessly: true, failure: reason, tellFrontend: false) }
        case .opened(let id), .openFailed(let id, _), .proven(let id), .fenceReached(let id, _, _),
            .fenceExpired(let id), .drained(let id), .closed(let id), .withdraw(let id, _):
            guard let current = virtualInterface, current.id == id, current.progress != .notGranted else {
                staleMessages += 1
                return
            }
            received(message, about: current.progress)
        case .flowsReady(let id, _), .flowFenceReached(let id, _, _), .flowFenceExpired(let id, _), .flowsDrained(let id, _),
            .flowHits(let id, _):
            // Where flows are steered one by one, the host gives these to the machine of the batches.
            if virtualInterface?.id == id { violated("flows that nobody asked for") } else { staleMessages += 1 }
        case .offer, .grant, .rulesRemoved, .revoke, .localAddresses, .transmitFenceConfirmed, .changeFlows, .flowRulesChanged:
            violated("a message of the backend's own")
        }
    }

    private mutating func isAnswerToNewestOffer() -> Bool {
        guard unansweredOffers > 0 else {
            violated("an answer without an offer")
            return false
        }
        unansweredOffers -= 1
        guard unansweredOffers == 0, phase == .offering else {
            staleMessages += 1
            return false
        }
        return true
    }

    /// A message about the VI that is granted now.
    private mutating func received(_ message: ControlMessage, about progress: VirtualInterface.Progress) {
        switch message {
        case .opened:
            guard progress == .opening else { return violated("opened twice") }
            virtualInterface?.progress = .open
            if phase == .opening {
                phase = .waiting
                nextDeadline = nil
            }
        case .openFailed(_, let reason):
            guard progress == .opening else { return violated("open failed after it was open") }
            virtualInterface?.progress = .closed
            if phase == .unwinding { unwindFurther() } else { unwind(losslessly: true, failure: reason) }
        case .proven:
            // The frontend may see a frame before the answer of the rule reaches us.
            switch phase {
            case .creatingRule where !isProven, .proving where !isProven:
                isProven = true
                connectIfProven()
            case .unwinding:
                staleMessages += 1
            default:
                violated("proven out of turn")
            }
        case .fenceReached(_, let sequence, _):
            switch phase {
            case .proving where sequence == fenceSequence && !isFenceReached:
                isFenceReached = true
                nextDeadline = nil
                connectIfProven()
            case .unwinding:
                staleMessages += 1
            default:
                violated("fence out of turn")
            }
        case .fenceExpired:
            switch phase {
            case .proving where !isFenceReached:
                isFenceGivenUp = true
                unwind(losslessly: true, failure: AccelerationReason(.fenceExpired))
            case .unwinding:
                staleMessages += 1
            default:
                violated("fence expired out of turn")
            }
        case .drained:
            guard progress == .open, let unwinding, unwinding.isTold else { return violated("drained out of turn") }
            virtualInterface?.progress = .drained
            if !unwinding.isRevoked { setDeadline(after: configuration.limits.close) }
            unwindFurther()
        case .closed:
            guard progress != .closed else { return violated("closed twice") }
            virtualInterface?.progress = .closed
            if phase == .unwinding {
                unwindFurther()
            } else {
                unwind(losslessly: false, failure: AccelerationReason(.guestGone, "the frontend let go of its VI"))
            }
        case .withdraw(_, let reason):
            if phase == .unwinding {
                if unwinding?.failure == nil { unwinding?.failure = reason }
            } else if progress == .open {
                unwind(losslessly: true, failure: reason)
            } else {
                violated("withdraw out of turn")
            }
        case .offer, .grant, .rulesRemoved, .revoke, .localAddresses, .transmitFenceConfirmed, .accept, .refuse,
            .changeFlows, .flowRulesChanged, .flowsReady, .flowFenceReached, .flowFenceExpired, .flowsDrained, .flowHits:
            violated("not about a VI")
        }
    }

    /// The frontend loses acceleration. Nothing that it says about its VI is believed any more.
    mutating func violated(_ rule: String) {
        violations += 1
        isBarred = true
        let reason = AccelerationReason(.protocolViolation, rule)
        if phase == .idle {
            refusal = reason
            nextDeadline = nil
            if case .quarantined = state { return }
            publish(.refused(reason))
        } else {
            unwind(losslessly: false, failure: reason, quarantine: reason)
        }
    }
}
