// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import TestSupport
import Testing
import Wire

@testable import Netfront

/// The order between the paths, flow by flow.
@Suite(.serialized) struct FlowGateTests {
    private static let host = IPv4Address(rawValue: 0xC0A8_0001)
    private static let first = ControlProtocol.firstFlowSequence
    private static func selector(_ port: UInt16) -> FlowSelector { FlowSelector(host, .udp, port: port) }
    private static func entry(_ id: UInt32, _ port: UInt16) -> FlowEntry { FlowEntry(id: id, selector(port)) }

    /// A UDP frame of the flow to `port`, with a number in it.
    private func write(_ number: UInt32, _ port: UInt16, _ mbuf: Mbuf) {
        precondition(mbuf.setLength(60))
        let bytes = mbuf.mutableBytes
        bytes.set(mac: Frame.guest, at: 0)
        bytes.set(mac: Frame.peer(1), at: 6)
        bytes.set(u16: 0x0800, at: 12)
        bytes.set(u16: 0x4500, at: 14)
        bytes.set(u16: 46, at: 16)
        bytes.set(u32: 0, at: 18)
        bytes.set(u32: 0x4011_0000, at: 22)
        bytes.set(u32: 0xC0A8_00C7, at: 26)
        bytes.set(u32: Self.host.rawValue, at: 30)
        bytes.set(u16: 5000, at: 34)
        bytes.set(u16: port, at: 36)
        bytes.set(u32: 26 << 16, at: 38)
        bytes.set(u32: number, at: 42)
    }

    private func sendFast(_ rig: GuestRig, _ numbers: Range<UInt32>, port: UInt16) {
        var burst = MbufBurst(capacity: 1)
        for number in numbers {
            precondition(rig.pool.handle.allocate(1, into: &burst))
            write(number, port, burst[0])
            precondition(rig.vi.arriving.append(burst[0]))
            burst.removeAll()
        }
    }

    /// What the application gets: port and number.
    private func receive(_ rig: GuestRig, rounds: Int = 1, room: Int = 64) -> [(port: UInt16, number: UInt32)] {
        var frames: [(UInt16, UInt32)] = []
        var burst = MbufBurst(capacity: room)
        for _ in 0..<rounds {
            _ = unsafe rig.device.pointee.receive(into: &burst)
            for index in 0..<burst.count { frames.append((burst[index].bytes.u16(at: 36), burst[index].bytes.u32(at: 42))) }
            burst.free()
        }
        return frames
    }

    /// The lcore takes an order, which is then freed.
    private func order(_ rig: GuestRig, _ order: FlowBatchOrder, begins: Bool) -> [LaneEvent] {
        rig.command(begins ? .beginFlows(order: order.word) : .flowRulesChanged(order: order.word))
        _ = receive(rig)
        order.deallocate()
        return rig.takeEvents()
    }

    @Test func flowsUnderWayWaitForTheirFenceAndOthersPass() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            let begin = FlowBatchOrder.allocate(sequence: Self.first, adds: [Self.entry(1, 7), Self.entry(2, 8)])
            #expect(order(rig, begin, begins: true) == [.flowsBegun(sequence: Self.first)])
            for number in 0..<50 as Range<UInt32> {
                sendFast(rig, number..<number + 1, port: 7)
                sendFast(rig, number..<number + 1, port: 9)
            }
            let passed = receive(rig, rounds: 5)
            #expect(passed.map(\.number) == Array(0..<50) && passed.allSatisfy { $0.port == 9 })
            #expect(rig.count(.stashDepth) == 50)
            // A fence of another batch, and one of the whole vif, open nothing.
            rig.sendFence(sequence: Self.first + 1)
            rig.sendFence(sequence: 2)
            #expect(receive(rig, rounds: 3).isEmpty)
            #expect(rig.count(.dropUnexpectedFence) == 2)
            rig.sendFence(sequence: Self.first)
            sendFast(rig, 50..<60, port: 7)
            let order = receive(rig, rounds: 20, room: 7)
            #expect(order.map(\.number) == Array(0..<60))
            #expect(rig.takeEvents() == [.flowFenceArrived(sequence: Self.first, stashed: 50)])
            // From then on nothing is kept back.
            sendFast(rig, 60..<70, port: 7)
            #expect(receive(rig).count == 10)
        }
    }

    @Test func removedFlowsAreDrainedAfterTheSettleTime() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            _ = order(rig, .allocate(sequence: Self.first, adds: [Self.entry(1, 7)]), begins: true)
            rig.sendFence(sequence: Self.first)
            _ = receive(rig, rounds: 3)
            _ = rig.takeEvents()
            let gone = FlowBatchOrder.allocate(sequence: Self.first + 1, drains: true, removes: [Self.selector(7)])
            #expect(order(rig, gone, begins: false) == [.flowOrderTaken])
            // Empty polls prove nothing before the settle time, of 100 us, is over.
            #expect(receive(rig, rounds: 20).isEmpty && rig.takeEvents().isEmpty)
            rig.vi.clock += 100_000
            sendFast(rig, 0..<200, port: 7)
            #expect(receive(rig, rounds: 3).map(\.number) == Array(0..<192))
            #expect(rig.takeEvents().isEmpty)
            #expect(receive(rig, rounds: 2).map(\.number) == Array(192..<200))
            #expect(rig.takeEvents() == [.flowsDrained(sequence: Self.first + 1)])
            #expect(unsafe rig.device.pointee.flows.table.count == 0)
        }
    }

    @Test func aFenceThatDoesNotComeIsGivenUp() throws {
        try GuestRig.run(fenceLimit: 1) { rig in
            rig.becomeFast()
            _ = order(rig, .allocate(sequence: Self.first, adds: [Self.entry(1, 7)]), begins: true)
            sendFast(rig, 0..<10, port: 7)
            _ = receive(rig)
            let end = TSC.now() &+ TSC.ticks(nanoseconds: 3_000_000)
            while TSC.now() < end {}
            #expect(receive(rig, rounds: 3).map(\.number) == Array(0..<10))
            #expect(rig.takeEvents() == [.flowFenceExpired(sequence: Self.first)])
            #expect(rig.count(.possibleReorderings) == 1)
            // When it comes after all, nobody waits for it.
            rig.sendFence(sequence: Self.first)
            _ = receive(rig)
            #expect(rig.count(.dropUnexpectedFence) == 1 && rig.takeEvents().isEmpty)
        }
    }

    @Test func aFullStashDropsAndCounts() throws {
        try GuestRig.run(stash: 32) { rig in
            rig.becomeFast()
            _ = order(rig, .allocate(sequence: Self.first, adds: [Self.entry(1, 7)]), begins: true)
            sendFast(rig, 0..<100, port: 7)
            _ = receive(rig, rounds: 4)
            #expect(rig.count(.dropStashOverflow) == 68 && rig.count(.stashDepth) == 32)
            rig.sendFence(sequence: Self.first)
            #expect(receive(rig, rounds: 3).map(\.number) == Array(0..<32))
        }
    }

    @Test func whatWaitsIsDroppedWhenTheVIIsClosed() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            _ = order(rig, .allocate(sequence: Self.first, adds: [Self.entry(1, 7)]), begins: true)
            sendFast(rig, 0..<10, port: 7)
            _ = receive(rig)
            rig.command(.close)
            #expect(receive(rig, rounds: 2).isEmpty)
            #expect(rig.takeEvents() == [.closed])
            #expect(rig.count(.dropUnfenced) == 10 && rig.count(.stashDepth) == 0)
            #expect(unsafe rig.device.pointee.flows.table.count == 0)
        }
    }

    @Test func hitsAreCountedForEachFlow() throws {
        try GuestRig.run { rig in
            rig.becomeFast()
            _ = order(rig, .allocate(sequence: Self.first, adds: [Self.entry(1, 7), Self.entry(2, 8)]), begins: true)
            rig.sendFence(sequence: Self.first)
            _ = receive(rig, rounds: 2)
            // A few at a time are counted exactly.
            for _ in 0..<5 {
                sendFast(rig, 0..<3, port: 7)
                sendFast(rig, 0..<2, port: 9)
                _ = receive(rig)
            }
            #expect(unsafe rig.device.pointee.flows.table.hits.totals == [1: 15, 2: 0])
            // Of many, every eighth or so, whatever their pattern.
            for _ in 0..<100 {
                for number in 0..<30 as Range<UInt32> {
                    sendFast(rig, number..<number + 1, port: number % 3 == 0 ? 7 : 8)
                }
                _ = receive(rig)
            }
            let totals = unsafe rig.device.pointee.flows.table.hits.totals
            #expect((700...1330).contains(totals[1] ?? 0), "\(totals)")
            #expect((1500...2500).contains(totals[2] ?? 0), "\(totals)")
        }
    }

    /// The table against a dictionary, as full as it gets and with flows that collide.
    @Test func theTableAgreesWithADictionary() {
        var table = FlowTable()
        var model: [FlowSelector: UInt32] = [:]
        var random = SplitMix64(seed: 5)
        for step in 0..<20_000 {
            let selector = Self.selector(UInt16(truncatingIfNeeded: random.next() % 1500))
            if model[selector] == nil, model.count < ControlProtocol.maximumFlows {
                let id = UInt32(step + 1)
                let isIn = table.insert(selector, id: id, gate: 1)
                #expect(isIn)
                model[selector] = id
            } else {
                table.remove(selector)
                model[selector] = nil
            }
            if step % 97 == 0 {
                for (selector, id) in model {
                    guard let place = table.place(of: selector), table.id(at: place) == id else {
                        Issue.record("\(selector) is lost")
                        return
                    }
                }
                let count = table.count
                #expect(count == model.count)
            }
        }
        for _ in 0..<3 {
            let room = ControlProtocol.maximumFlows - table.count
            for number in 0..<room { _ = table.insert(FlowSelector(Self.host, .tcp, port: UInt16(number)), id: 1, gate: 0) }
            let isOver = table.insert(FlowSelector(Self.host, .tcp, port: 60_000), id: 1, gate: 0)
            #expect(!isOver)
            table.removeAll()
        }
    }
}
