// SPDX-License-Identifier: BSD-3-Clause
import CDPDK
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import DPDK

/// Rules through rte_flow's structures, to a software NIC's engine and to a driver that has none.
@Suite(.serialized) struct FlowTests {
    private final class Engine: SoftDeviceEngine, @unchecked Sendable {
        // SAFETY (@unchecked Sendable): the test's thread makes all calls.
        var validated: [FlowRule] = []
        var created: [FlowRule] = []
        var destroyed: [UInt] = []
        var refusal: FlowError?

        func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {}
        func validate(_ rule: FlowRule) throws(FlowError) {
            if let refusal { throw refusal }
            validated.append(rule)
        }
        func create(_ rule: FlowRule) throws(FlowError) -> UInt {
            if let refusal { throw refusal }
            created.append(rule)
            return UInt(0x1000 + created.count)
        }
        func destroy(_ handle: UInt) throws(FlowError) {
            if let refusal { throw refusal }
            destroyed.append(handle)
        }
    }

    /// Runs `body` with a bare ring port that `engine` stands behind.
    private func run(_ body: (PortID, Engine) throws -> Void) throws {
        try EALFixture.exclusively {
            let engine = Engine()
            try unsafe SoftDevicePort.run(
                "dpdkflow", engine: engine, clock: { _ in 42 }, isDone: { _, _, newer in newer == 7 ? 1 : 0 }
            ) { try body($0, engine) }
        }
    }

    /// Not stored: the leak checker does not see the queues of an RSS action behind an enumeration's tagged pointer, and those of a
    /// static value would be there at the end.
    static var rules: [FlowRule] {
        let items: [FlowItem] = [
            .ethernet(), .ethernet(destination: 0x0123_4567_89AB), .ethernet(source: 0xFEDC_BA98_7654),
            .ethernet(etherType: 0x86DD),
            .ethernet(destination: 1, source: 2, etherType: 3), .vlan(identifier: nil), .vlan(identifier: 0),
            .vlan(identifier: 0x0ABC), .ipv4(), .ipv4(source: 0x0A00_0001), .ipv4(destination: 0xC0A8_0102), .ipv4(protocol: 17),
            .ipv4(source: 1, destination: 2, protocol: 3), .udp(), .udp(source: 53), .udp(destination: 0xFFFE),
            .tcp(source: 1, destination: 2), .tcp(), .ipv6(), .ipv6(protocol: 58),
            .ipv6(source: FlowIPv6Address(high: 0x2001_0db8_0000_0001, low: 2)),
            .ipv6(
                source: FlowIPv6Address(high: .max, low: 0), destination: FlowIPv6Address(high: 0xfe80 << 48, low: 0x0102_0304),
                protocol: 17),
        ]
        var rules = items.map { FlowRule(pattern: [$0], actions: [.queue(3)]) }
        rules.append(
            FlowRule(
                pattern: [.ethernet(), .vlan(identifier: 7), .ipv4(), .udp(destination: 4789)], actions: [.count, .queue(0xFFFF)])
        )
        rules.append(FlowRule(pattern: [], actions: [.drop], group: 9, priority: .max))
        rules.append(FlowRule(pattern: Array(repeating: .ipv4(), count: 8), actions: Array(repeating: .count, count: 8)))
        rules.append(FlowRule(pattern: [.ethernet()], actions: [.rss([])]))
        rules.append(FlowRule(pattern: [.ethernet()], actions: [.rss((0..<16).map { 0xFF00 + $0 })]))
        var attributes = FlowRule(pattern: [.ethernet()], actions: [])
        attributes.isIngress = false
        attributes.isEgress = true
        attributes.isTransfer = true
        rules.append(attributes)
        return rules
    }

    @Test func everyRuleArrivesAsItWasSent() throws {
        try run { port, engine in
            for rule in Self.rules {
                try Flow.validate(rule, on: port)
                let flow = try Flow(creating: rule, on: port)
                try flow.destroy()
            }
            #expect(engine.validated == Self.rules && engine.created == Self.rules)
            #expect(engine.destroyed == (1...Self.rules.count).map { UInt(0x1000 + $0) })
        }
    }

    @Test func rulesThatCantBeSaidAreRefusedBeforeThePort() throws {
        try run { port, engine in
            let long = FlowRule(pattern: Array(repeating: .ipv4(), count: 9), actions: [.drop])
            #expect(throws: FlowError(code: 7, message: "a rule has at most 8 items and actions")) {
                try Flow.validate(long, on: port)
            }
            #expect(throws: FlowError.self) { try Flow.validate(FlowRule(pattern: [.unsupported], actions: [.drop]), on: port) }
            #expect(throws: FlowError.self) { try Flow.validate(FlowRule(pattern: [], actions: [.unsupported]), on: port) }
            let wide = FlowRule(pattern: [], actions: [.rss(Array(0..<17))])
            #expect(throws: FlowError(code: 7, message: "an RSS action has at most 16 queues")) {
                try Flow.validate(wide, on: port)
            }
            #expect(engine.validated.isEmpty)
        }
    }

    @Test func theEnginesWordsComeBack() throws {
        try run { port, engine in
            var kept = try Flow(creating: Self.rules[1], on: port)
            let refusal = FlowError(code: 28, message: "no room for another filter, \(String(repeating: "x", count: 40))")
            engine.refusal = refusal
            #expect(throws: refusal) { try Flow.validate(Self.rules[0], on: port) }
            #expect(throws: refusal) { _ = try Flow(creating: Self.rules[0], on: port) }
            do throws(FlowError) {
                try kept.remove()
                Issue.record("the engine refused")
            } catch {
                #expect(error == refusal)
            }
            engine.refusal = nil
            try kept.remove()
            #expect(engine.destroyed == [0x1001])
        }
    }

    /// A device whose flow calls take their time, and that notices another device's in between.
    private final class SlowEngine: SoftDeviceEngine, Sendable {
        static let inside = Atomic(0)
        static let overlaps = Atomic(0)
        static let calls = Atomic(0)

        private func enter() {
            if Self.inside.add(1, ordering: .relaxed).oldValue > 0 { Self.overlaps.add(1, ordering: .relaxed) }
            Self.calls.add(1, ordering: .relaxed)
            usleep(20)
            Self.inside.subtract(1, ordering: .relaxed)
        }
        func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {}
        func validate(_ rule: FlowRule) throws(FlowError) { enter() }
        func create(_ rule: FlowRule) throws(FlowError) -> UInt {
            enter()
            return 1
        }
        func destroy(_ handle: UInt) throws(FlowError) { enter() }
        func query(_ handle: UInt) throws(FlowError) -> FlowCounts {
            enter()
            return FlowCounts(frames: 0, bytes: 0)
        }
    }

    /// i40e's parser keeps what it reads in static variables, ixgbe's lists are those of all its ports (i40e_flow.c, ixgbe_flow.c).
    @Test func callsOfAllPortsComeOneAtATime() throws {
        try EALFixture.exclusively {
            try unsafe SoftDevicePort.run("dpdkflow1", engine: SlowEngine()) { one in
                try unsafe SoftDevicePort.run("dpdkflow2", engine: SlowEngine()) { other in
                    let done = DispatchGroup()
                    for port in [one, other] {
                        done.enter()
                        Thread.detachNewThread {
                            for _ in 0..<300 {
                                do throws(FlowError) {
                                    let rule = FlowRule(pattern: [.ethernet()], actions: [.queue(1)])
                                    let flow = try Flow(creating: rule, on: port)
                                    _ = try flow.query()
                                    try flow.destroy()
                                } catch { Issue.record("\(error)") }
                            }
                            done.leave()
                        }
                    }
                    done.wait()
                }
            }
            #expect(SlowEngine.calls.load(ordering: .relaxed) == 2 * 300 * 3)
            #expect(SlowEngine.overlaps.load(ordering: .relaxed) == 0)
        }
    }

    @Test func theDevicesOwnClockAndCompletionsAreAsked() throws {
        try run { port, _ in
            #expect(port.clock == 42)
            let pair = QueuePair(port: port, receiveQueue: 0, transmitQueue: 0, transmitDescriptors: 16)
            #expect(pair.isTransmitDone(exceptNewest: 7) == true && pair.isTransmitDone(exceptNewest: 6) == false)
        }
    }

    /// What only a program that speaks to rte_flow by itself could send.
    @Test func partialMatchesAreNotTakenForFullOnes() {
        func read(_ change: (inout cdpdk_flow_item) -> Void) throws -> FlowItem {
            var item = try FlowItem.ethernet(destination: 0x0200_0000_0001).c()
            change(&item)
            return FlowItem(item)
        }
        #expect(try! read { _ in } == .ethernet(destination: 0x0200_0000_0001))
        #expect(try! read { $0.mask.eth_dst.5 = 0xFE } == .unsupported)
        #expect(try! read { $0.mask.eth_type = 0x00FF } == .unsupported)
        #expect(try! read { $0.has_last = true } == .unsupported)
        var address = try! FlowItem.ipv6(destination: FlowIPv6Address(high: 1, low: 2)).c()
        address.mask.ipv6_dst.15 = 0
        #expect(FlowItem(address) == .unsupported)
        // The item's default mask: not "anything".
        #expect(try! read { $0.has_mask = false } == .unsupported)
        #expect(try! read { $0.has_spec = false } == .unsupported)
        #expect(try! read { $0.type = CDPDK_FLOW_ITEM_OTHER.rawValue } == .unsupported)
        var action = cdpdk_flow_action()
        action.type = CDPDK_FLOW_ACTION_OTHER.rawValue
        #expect(FlowAction(action) == .unsupported)
    }
}
