// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Tells one port what to steer where.
protocol PortProgrammer: AnyObject {
    /// A handle that is not used again.
    func create(_ rule: FlowRule) throws(FlowError) -> UInt64
    /// After an error the rule is still there.
    func destroy(_ handle: UInt64) throws(FlowError)
    /// Lets frames to `mac` into that VMDq pool, and into no other.
    func addAddress(_ mac: UInt64, pool: Int) throws(FlowError)
    /// After an error the address is still there.
    func removeAddress(_ mac: UInt64) throws(FlowError)
    /// The port stops: its rules are gone, and destroying one of them does nothing any more. Addresses stay: ethdev gives them to the
    /// port again when it starts.
    func forgetRules()
}

/// A real port, or one in software behind the same calls.
///
/// Rules are destroyed one by one, never flushed: on ixgbe a flush takes those of every such port of the process.
final class EthernetPortProgrammer: PortProgrammer {
    private final class Rule {
        var flow: Flow
        init(_ flow: consuming Flow) { self.flow = flow }
    }

    private let port: PortID
    private var rules: [UInt64: Rule] = [:]
    private var last: UInt64 = 0
    /// The pool that each address is in.
    private var addresses: [UInt64: Int] = [:]

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

    func addAddress(_ mac: UInt64, pool: Int) throws(FlowError) {
        // An address that is added to a second pool stays in the first (rte_ethdev.c: mac_pool_sel), and its frames go to both.
        if let earlier = addresses[mac], earlier != pool { try removeAddress(mac) }
        do throws(DPDKError) {
            try port.addAddress(mac, pool: pool)
        } catch {
            throw FlowError(code: error.code, message: error.detail ?? "the port takes no address for pool \(pool)")
        }
        addresses[mac] = pool
    }

    func removeAddress(_ mac: UInt64) throws(FlowError) {
        do throws(DPDKError) {
            try port.removeAddress(mac)
        } catch {
            throw FlowError(code: error.code, message: error.detail ?? "the port keeps the address")
        }
        addresses[mac] = nil
    }

    func forgetRules() { rules = [:] }
}
