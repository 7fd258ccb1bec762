// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Foundation
import TestSupport
import Testing

/// What a rule looks like behind the shim: it went into rte_flow's structures and was read back from them.
@Suite struct FlowRuleTests {
    /// Keeps what it is given, and refuses what it is told to.
    private final class Recorder: SoftDeviceEngine, @unchecked Sendable {
        // SAFETY (@unchecked Sendable): used by one test thread.
        var rules: [FlowRule] = []
        var destroyed: [UInt] = []
        var refusal: FlowError?

        func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) {}
        func validate(_ rule: FlowRule) throws(FlowError) { _ = try create(rule) }
        func create(_ rule: FlowRule) throws(FlowError) -> UInt {
            if let refusal { throw refusal }
            rules.append(rule)
            return UInt(rules.count)
        }
        func destroy(_ handle: UInt) throws(FlowError) { destroyed.append(handle) }
    }

    /// A ring port with the recorder behind it.
    private func withPort(_ body: (PortID, Recorder) throws -> Void) throws {
        try EALFixture.exclusively {
            let ring = try MbufRing(name: "flow-tests", capacity: 8)
            let port = try DPDK.Port.attach("flow-tests", receiveRings: [ring.handle], transmitRings: [ring.handle])
            defer { DPDK.Port.detach("net_ring_flow-tests") }
            let recorder = Recorder()
            let context = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
            defer { unsafe context.deallocate() }
            let device = unsafe SoftDevice(
                port: port, engine: recorder,
                functions: SoftDeviceFunctions(
                    context: context, received: { _, _ in }, transmitting: { _, _, _, count in count }, readClock: { _ in 7 },
                    transmitDone: { _, _, _ in 1 }))
            try body(port, recorder)
            #expect(port.clock == 7)
            _ = device
        }
    }

    @Test(arguments: [
        FlowRule(pattern: [.ethernet(destination: 0x0200_0000_00AA)], actions: [.queue(3)]),
        FlowRule(pattern: [.ethernet(source: 0xFFFF_FFFF_FFFF, etherType: 0x88B5)], actions: [.drop]),
        FlowRule(pattern: [.ethernet(destination: 1), .vlan(identifier: 4094)], actions: [.queue(65535)], group: 2, priority: 7),
        FlowRule(
            pattern: [.ethernet(), .ipv4(source: 1, destination: .max, protocol: 17), .udp(source: 7, destination: 65535)],
            actions: [.count, .queue(1)]),
        FlowRule(pattern: [.ethernet(), .vlan(identifier: nil), .ipv4(), .tcp(destination: 80)], actions: [.queue(1)]),
    ])
    func aRuleSurvivesRteFlow(rule: FlowRule) throws {
        try withPort { port, recorder in
            let flow = try Flow(creating: rule, on: port)
            #expect(recorder.rules == [rule])
            try flow.destroy()
            #expect(recorder.destroyed == [1])
        }
    }

    @Test func theDriversOwnWordsAndErrnoArrive() throws {
        try withPort { port, recorder in
            let refusal = FlowError(code: 95, message: "no such thing in this firmware")
            recorder.refusal = refusal
            let rule = FlowRule(pattern: [.ethernet(destination: 1)], actions: [.queue(1)])
            #expect(throws: refusal) { try Flow.validate(rule, on: port) }
            #expect(throws: refusal) { try Flow(creating: rule, on: port).destroy() }
        }
    }

    @Test func tooManyLayersAreRefusedBeforeAnyDriverSeesThem() throws {
        try withPort { port, recorder in
            let items = Array(repeating: FlowItem.ethernet(), count: FlowRule.maximumLayers + 1)
            #expect(throws: FlowError.self) { try Flow.validate(FlowRule(pattern: items, actions: [.drop]), on: port) }
            #expect(recorder.rules.isEmpty)
        }
    }

    @Test func aPortWithoutFlowRulesSaysSo() throws {
        try EALFixture.exclusively {
            let port = try DPDK.Port.attach("net_null7", arguments: "")
            defer { DPDK.Port.detach("net_null7") }
            let rule = FlowRule(pattern: [.ethernet(destination: 1)], actions: [.queue(1)])
            do throws(FlowError) {
                try Flow(creating: rule, on: port).destroy()
                Issue.record("net_null took a rule")
            } catch {
                #expect(error.code == 38)
                #expect(!error.message.isEmpty)
            }
        }
    }
}
