// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Creates and destroys flow rules on one port.
protocol FlowProgrammer: AnyObject {
    /// A handle that is not used again.
    func create(_ rule: FlowRule) throws(FlowError) -> UInt64
    /// After an error the rule is still there.
    func destroy(_ handle: UInt64) throws(FlowError)
    /// The port was stopped: its rules are gone, and their handles with them.
    func forgetAll()
}

/// The rules of a real port, or of one in software behind the same calls.
final class PortFlowProgrammer: FlowProgrammer {
    private final class Rule {
        var flow: Flow
        init(_ flow: consuming Flow) { self.flow = flow }
    }

    private let port: PortID
    private var rules: [UInt64: Rule] = [:]
    private var last: UInt64 = 0

    init(port: PortID) { self.port = port }

    func create(_ rule: FlowRule) throws(FlowError) -> UInt64 {
        let flow = try Flow(creating: rule, on: port)
        last += 1
        rules[last] = Rule(flow)
        return last
    }

    func destroy(_ handle: UInt64) throws(FlowError) {
        guard let rule = rules[handle] else { return }
        try rule.flow.remove()
        rules[handle] = nil
    }

    func forgetAll() { rules = [:] }
}
