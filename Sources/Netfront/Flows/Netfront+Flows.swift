// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import EventLog
import Logging

/// What the control plane keeps of the flows that are steered to the VI. Guarded by the device's lock.
struct FlowLedger {
    /// Nanoseconds from one report of hits to the next.
    static let reportInterval: UInt64 = 250_000_000

    var selectors: [UInt32: FlowSelector] = [:]
    /// Flows that the batch under way removes.
    var leaving: [UInt32] = []
    /// Orders that the lcore has not taken yet, in order.
    var orders: [FlowBatchOrder] = []
    /// Totals at the last report.
    var reported: [UInt32: UInt32] = [:]
    var reportDue: UInt64 = 0
}

extension Netfront {
    /// Carries out what the machine of the batches asks for.
    func carryOut(_ action: FlowBatchMachine.FrontendAction) {
        switch action {
        case .begin(let sequence, let adds, let removes):
            for entry in adds { ledger.selectors[entry.id] = entry.selector }
            ledger.leaving = removes
            order(.allocate(sequence: sequence, adds: adds)) { .beginFlows(order: $0) }
        case .rulesChanged(let sequence, let failed):
            let gone = (ledger.leaving + failed).compactMap { ledger.selectors.removeValue(forKey: $0) }
            order(.allocate(sequence: sequence, drains: !ledger.leaving.isEmpty, removes: gone)) { .flowRulesChanged(order: $0) }
            ledger.leaving = []
        case .send, .violated:
            break
        }
    }

    private func order(_ order: FlowBatchOrder, _ command: (UInt64) -> LaneCommand) {
        if commandRing.handle.enqueue(command(order.word).word) {
            ledger.orders.append(order)
        } else {
            logger.log(NetfrontEvent.lcoreSilent, ["guest": "\(configuration.name)"])
            order.deallocate()
        }
    }

    /// The lcore has taken the oldest order.
    func orderTaken() {
        if !ledger.orders.isEmpty { ledger.orders.removeFirst().deallocate() }
    }

    /// A new grant starts without flows.
    func forgetFlows() {
        ledger.selectors = [:]
        ledger.leaving = []
        ledger.reported = [:]
    }

    /// Orders that nobody will take any more: no lcore works on the device.
    func freeOrders() {
        for order in ledger.orders { order.deallocate() }
        ledger.orders = []
    }

    /// Tells the host now and then what came of each flow: a hint as to which are worth their rules.
    func reportHits() {
        guard machine.hasFlows, let id = machine.openGrant, now >= ledger.reportDue else { return }
        ledger.reportDue = now + FlowLedger.reportInterval
        let totals = unsafe device.pointee.flows.table.hits.totals
        var hits: [FlowHits] = []
        for flow in ledger.selectors.keys.sorted() {
            let total = totals[flow] ?? 0
            hits.append(FlowHits(flow: flow, frames: total &- (ledger.reported[flow] ?? 0)))
            ledger.reported[flow] = total
        }
        ledger.reported = ledger.reported.filter { ledger.selectors[$0.key] != nil }
        var rest = hits[...]
        while !rest.isEmpty {
            let part = rest.prefix(ControlProtocol.maximumFlowHits)
            // A full link loses nothing but a hint.
            _ = link.send(.flowHits(id: id, Array(part)))
            rest = rest.dropFirst(part.count)
        }
    }
}
