// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@testable import AcceleratedBackend

/// What a port is asked for, by the code that asks a real one.
@Suite(.serialized) struct PortProgrammerTests {
    private final class Engine: SoftDeviceEngine, @unchecked Sendable {
        // SAFETY (@unchecked Sendable): the test's thread makes all calls.
        var validated = 0
        var created: [FlowRule] = []
        var destroyed: [UInt] = []
        var refusesToDestroy = false
        /// By address, the pools that it is in.
        var pools: [UInt64: Set<Int>] = [:]

        func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {}
        func validate(_ rule: FlowRule) throws(FlowError) { validated += 1 }
        func create(_ rule: FlowRule) throws(FlowError) -> UInt {
            created.append(rule)
            return UInt(created.count)
        }
        func destroy(_ handle: UInt) throws(FlowError) {
            if refusesToDestroy { throw FlowError(code: 5, message: "not now") }
            destroyed.append(handle)
        }
        func addAddress(_ mac: UInt64, pool: Int) throws(DPDKError) { pools[mac, default: []].insert(pool) }
        func removeAddress(_ mac: UInt64) throws(DPDKError) { pools[mac] = nil }
    }

    private func run(_ body: (EthernetPortProgrammer, Engine) throws -> Void) throws {
        try EALFixture.exclusively {
            let engine = Engine()
            try unsafe SoftDevicePort.run("programmer", engine: engine) { try body(EthernetPortProgrammer(port: $0), engine) }
        }
    }

    private func rule(_ queue: UInt16) -> FlowRule { FlowRule(pattern: [.ethernet(destination: 2)], actions: [.queue(queue)]) }

    /// To validate programs some NICs, and a flush takes what is other ports'.
    @Test func rulesAreCreatedWithoutAQuestionAndDestroyedOneByOne() throws {
        try run { programmer, engine in
            let handles = try (1...3).map { try programmer.create(rule($0)) }
            try programmer.destroy(handles[1])
            #expect(engine.validated == 0)
            #expect(engine.created == [rule(1), rule(2), rule(3)] && engine.destroyed == [2])
            engine.refusesToDestroy = true
            #expect(throws: FlowError.self) { try programmer.destroy(handles[0]) }
            engine.refusesToDestroy = false
            try programmer.destroy(handles[0])
            #expect(engine.destroyed == [2, 1], "what the port kept is asked for again")
            // The port was restarted: the handle is nobody's, and may be another rule's.
            programmer.forgetRules()
            try programmer.destroy(handles[2])
            #expect(engine.destroyed == [2, 1])
        }
    }

    /// An address that is added to a second pool stays in the first.
    @Test func anAddressIsInOnePool() throws {
        try run { programmer, engine in
            try programmer.addAddress(9, pool: 1)
            try programmer.addAddress(9, pool: 2)
            #expect(engine.pools == [9: [2]])
            try programmer.removeAddress(9)
            #expect(engine.pools.isEmpty)
        }
    }
}
