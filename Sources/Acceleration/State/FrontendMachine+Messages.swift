// SPDX-License-Identifier: BSD-3-Clause

import Wire

/// What the backend says.
extension FrontendMachine {
    mutating func received(_ message: ControlMessage) {
        switch message {
        case .offer(let version, _, _, _):
            offered(version: version)
        case .grant(let id, let grant, let fenceNonce, let settleNanoseconds):
            guard phase == .offered else { return violated("a grant without an accepted offer") }
            if let unavailability {
                phase = .idle
                actions.append(.send(.openFailed(id: id, unavailability)))
                publish(.refused(unavailability))
                return
            }
            phase = .opening
            grantID = id
            afterOpening = .poll
            fence = .awaited
            isProven = false
            flows = FlowBatchMachine.Frontend(grant: id)
            isWithdrawing = false
            closingReason = nil
            actions.append(.openVI(id: id, grant, fenceNonce: fenceNonce, settleNanoseconds: settleNanoseconds))
            publish(.granted)
        case .rulesRemoved(let id):
            guard id == grantID else {
                staleMessages += 1
                return
            }
            rulesRemoved()
        case .revoke(id: 0, let reason):
            offerTakenBack(reason)
        case .revoke(let id, let reason):
            guard id == grantID else {
                staleMessages += 1
                return
            }
            revoked(reason)
        case .localAddresses(let generation, let addresses):
            if let newest = localAddressGeneration, newest >= generation {
                staleMessages += 1
                return
            }
            localAddressGeneration = generation
            actions.append(.updateLocalAddresses(generation: generation, addresses))
        case .transmitFenceConfirmed(let sequence):
            guard phase == .open || phase == .draining else {
                staleMessages += 1
                return
            }
            actions.append(.transmitFenceConfirmed(sequence: sequence))
        case .changeFlows(let id, _, _, _), .flowRulesChanged(let id, _, _):
            guard id == grantID else {
                staleMessages += 1
                return
            }
            flowMessage(message)
        case .accept, .refuse, .opened, .openFailed, .proven, .fenceReached, .fenceExpired, .drained, .closed,
            .withdraw, .flowsReady, .flowFenceReached, .flowFenceExpired, .flowsDrained, .flowHits:
            violated("a message of the frontend's own")
        }
    }

    private mutating func offered(version: UInt16) {
        switch phase {
        case .idle, .offered:
            answerOffer(version: version)
        case .closing where postponedOffer == nil && isRevoked:
            postponedOffer = version
        case .opening where postponedOffer == nil && isRevoked:
            postponedOffer = version
        case .opening, .open, .draining, .closing:
            violated("an offer while a VI is granted")
        }
    }

    /// A newer backend is told our version and may offer that one; an older one is refused.
    mutating func answerOffer(version: UInt16) {
        if let unavailability {
            decline(unavailability)
        } else if version < versions.lowerBound {
            decline(AccelerationReason(.versionMismatch, "offered \(version), need \(versions.lowerBound)"))
        } else {
            phase = .offered
            agreedVersion = min(version, versions.upperBound)
            actions.append(.send(.accept(version: agreedVersion)))
            publish(.offered)
        }
    }

    private mutating func decline(_ reason: AccelerationReason) {
        phase = .idle
        actions.append(.send(.refuse(reason)))
        publish(.refused(reason))
    }

    private mutating func offerTakenBack(_ reason: AccelerationReason) {
        if phase == .offered {
            phase = .idle
            publishEnd(reason)
        } else if postponedOffer != nil {
            // Every offer gets its answer, so that the backend can tell answers apart by counting.
            postponedOffer = nil
            actions.append(.send(.refuse(reason)))
        } else {
            staleMessages += 1
        }
    }

    private mutating func rulesRemoved() {
        switch phase {
        case .opening where afterOpening == .poll:
            afterOpening = .drain
            publish(.draining)
        case .open where !flows.isIdle || !flows.flows.isEmpty:
            violated("rules removed while flows are steered")
        case .open:
            phase = .draining
            nextDeadline = nil
            actions.append(.beginDrain)
            publish(.draining)
        case .closing where !isRevoked && !isDrained:
            // It crossed with our own letting go.
            staleMessages += 1
        case .opening where afterOpening == .close && !isRevoked:
            staleMessages += 1
        case .idle, .offered, .opening, .draining, .closing:
            violated("rules removed out of turn")
        }
    }

    private mutating func revoked(_ reason: AccelerationReason) {
        guard !isRevoked else { return violated("revoked twice") }
        isRevoked = true
        forceClose(reason)
    }

    /// `none` when the end was simply wanted, else why it came.
    mutating func publishEnd(_ reason: AccelerationReason?) {
        if let reason, reason.code != .none, reason.code != .notWanted {
            publish(.refused(reason))
        } else {
            publish(.none)
        }
    }
}
