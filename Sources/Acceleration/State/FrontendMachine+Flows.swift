// SPDX-License-Identifier: BSD-3-Clause

/// Batches of flows, while a VI is open and the fence of the whole vif has come.
extension FrontendMachine {
    /// A message about flows of the grant.
    mutating func flowMessage(_ message: ControlMessage) {
        switch phase {
        case .open where fence == .reached && agreedVersion >= ControlProtocol.flowVersion:
            carryOut(flows.handle(.message(message)))
        // It crossed with our own letting go.
        case .closing: staleMessages += 1
        case .opening where afterOpening == .close: staleMessages += 1
        case .open, .opening, .draining, .idle, .offered:
            violated("flows out of turn")
        }
    }

    mutating func flowsChanged(_ event: FlowBatchMachine.FrontendEvent) {
        // What an lcore told of a VI that is on its way back is of no use any more.
        guard phase == .open else { return }
        if case .message = event { return }
        carryOut(flows.handle(event))
    }

    private mutating func carryOut(_ flowActions: [FlowBatchMachine.FrontendAction]) {
        for action in flowActions {
            switch action {
            case .send(let message): actions.append(.send(message))
            case .begin, .rulesChanged: actions.append(.flows(action))
            case .violated(let rule): violated(rule)
            }
        }
    }
}
