// SPDX-License-Identifier: BSD-3-Clause

/// What the plugin, the guest and the clock say.
extension FrontendMachine {
    mutating func opened() {
        guard phase == .opening, let id = grantID else {
            unexpectedAnswers += 1
            return
        }
        switch afterOpening {
        case .close:
            phase = .closing
            actions.append(.closeVI(forced: true))
        case .drain:
            phase = .draining
            actions.append(.send(.opened(id: id)))
            actions.append(.beginDrain)
        case .poll:
            phase = .open
            // Before the backend can know that the VI is open, thus before any frame is steered to it.
            actions.append(.beginStash)
            actions.append(.send(.opened(id: id)))
            if let unavailability { withdraw(unavailability) }
        }
    }

    mutating func openFailed(_ reason: AccelerationReason) {
        guard phase == .opening, let id = grantID else {
            unexpectedAnswers += 1
            return
        }
        actions.append(.send(.openFailed(id: id, reason)))
        end(closingReason ?? reason)
    }

    mutating func firstFrameSeen() {
        guard phase == .open, !isProven, let id = grantID else { return }
        isProven = true
        actions.append(.send(.proven(id: id)))
        publishProgress()
    }

    mutating func fenceArrived(_ sequence: UInt32, _ stashed: UInt32) {
        guard phase == .open, fence == .awaited, let id = grantID else { return }
        fence = .reached
        actions.append(.send(.fenceReached(id: id, sequence: sequence, stashed: stashed)))
        publishProgress()
    }

    mutating func fenceExpired() {
        guard phase == .open, fence == .awaited, let id = grantID else { return }
        fence = .expired
        actions.append(.send(.fenceExpired(id: id)))
        publishProgress()
    }

    private mutating func publishProgress() {
        publish(isProven && fence == .reached ? .connected : .proving)
    }

    mutating func drained() {
        guard phase == .draining, let id = grantID else {
            unexpectedAnswers += 1
            return
        }
        phase = .closing
        isDrained = true
        actions.append(.send(.drained(id: id)))
        actions.append(.closeVI(forced: false))
    }

    mutating func closed() {
        guard phase == .closing, let id = grantID else {
            unexpectedAnswers += 1
            return
        }
        actions.append(.send(.closed(id: id)))
        end(closingReason)
    }

    /// Nothing of the grant is left.
    private mutating func end(_ reason: AccelerationReason?) {
        phase = .idle
        grantID = nil
        nextDeadline = nil
        isRevoked = false
        isDrained = false
        publishEnd(reason)
        if let version = postponedOffer {
            postponedOffer = nil
            answerOffer(version: version)
        }
    }

    mutating func becameUnavailable(_ reason: AccelerationReason) {
        unavailability = reason
        // In the phase `offered` the grant will be answered by `openFailed`; while opening, `opened()` withdraws.
        if phase == .open { withdraw(reason) }
        if phase == .draining || phase == .closing, closingReason == nil { closingReason = reason }
    }

    private mutating func withdraw(_ reason: AccelerationReason) {
        guard !isWithdrawing, let id = grantID else { return }
        isWithdrawing = true
        closingReason = reason
        nextDeadline = now.later(by: limits.drain)
        actions.append(.send(.withdraw(id: id, reason)))
    }

    /// Gives up the VI, if there is one, and takes no more offers.
    mutating func letGo(_ reason: AccelerationReason) {
        unavailability = reason
        forceClose(reason)
    }

    /// Closes the VI as soon as the plugin can, whatever is in it.
    mutating func forceClose(_ reason: AccelerationReason) {
        switch phase {
        case .idle, .offered:
            return
        case .opening:
            afterOpening = .close
        case .open, .draining:
            phase = .closing
            nextDeadline = nil
            actions.append(.closeVI(forced: true))
        case .closing:
            break
        }
        closingReason = reason
        publish(.draining)
    }

    mutating func violated(_ rule: String) {
        violations += 1
        let reason = AccelerationReason(.protocolViolation, rule)
        letGo(reason)
        if phase == .idle { publish(.refused(reason)) }
    }

    mutating func timePassed() {
        guard let deadline = nextDeadline, now >= deadline else { return }
        nextDeadline = nil
        if phase == .open { forceClose(closingReason ?? AccelerationReason(.timeout)) }
    }
}
