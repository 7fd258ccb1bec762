// SPDX-License-Identifier: BSD-3-Clause
import DPDK

@testable import AcceleratedBackend

/// A port's flow engine that does as it is told. One thread.
final class ScriptedProgrammer: PortProgrammer {
    /// Rules in the port, by handle.
    private(set) var live: [UInt64: FlowRule] = [:]
    /// Every rule that was created or asked for, in order.
    private(set) var asked: [FlowRule] = []
    /// How many creations succeed before `creationError` is thrown.
    var creationsBeforeError = Int.max
    var creationError = FlowError(code: 22, message: "not by this NIC")
    /// How many of the next removals fail.
    var failingRemovals = 0
    private var last: UInt64 = 0
    /// Rules up to this one went with the port.
    private var forgotten: UInt64 = 0

    func create(_ rule: FlowRule) throws(FlowError) -> UInt64 {
        asked.append(rule)
        guard creationsBeforeError > 0 else { throw creationError }
        creationsBeforeError -= 1
        last += 1
        live[last] = rule
        return last
    }

    func destroy(_ handle: UInt64) throws(FlowError) {
        if handle <= forgotten { return }
        if failingRemovals > 0 {
            failingRemovals -= 1
            throw FlowError(code: 5, message: "stuck")
        }
        precondition(live.removeValue(forKey: handle) != nil, "a rule was destroyed twice")
    }

    /// The pool that each address is in.
    private(set) var addresses: [UInt64: Int] = [:]
    /// Every address that was ever in a pool.
    private(set) var addressesAsked: [UInt64] = []
    var addressError: FlowError?
    var keepsAddresses = false

    func addAddress(_ mac: UInt64, pool: Int) throws(FlowError) {
        addressesAsked.append(mac)
        if let addressError { throw addressError }
        precondition(addresses[mac] == nil, "an address went to a second pool")
        addresses[mac] = pool
    }

    func removeAddress(_ mac: UInt64) throws(FlowError) {
        if keepsAddresses { throw FlowError(code: 5, message: "stuck") }
        addresses[mac] = nil
    }

    func forgetRules() {
        live = [:]
        forgotten = last
    }
}
