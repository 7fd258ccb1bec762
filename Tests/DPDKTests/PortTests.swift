// SPDX-License-Identifier: BSD-3-Clause
import TestSupport
import Testing

@testable import DPDK

@Suite(.serialized) struct PortTests {
    @Test func aDeviceThatDoesNotExistIsRefusedInDPDKsWords() throws {
        try EALFixture.exclusively {
            do throws(DPDKError) {
                _ = try Port.attach("net_nonesuch0", arguments: "")
                Issue.record("there is no such driver")
            } catch {
                #expect(error.code > 0 && error.description.contains("net_nonesuch0"))
            }
            #expect(PortID(named: "net_nonesuch0") == nil)
            #expect(!PortID(rawValue: 31).isValid)
            #expect(throws: DPDKError.self) { _ = try PortID(rawValue: 31).information }
            #expect(throws: DPDKError.self) { _ = try PortID(rawValue: 31).statistics }
            #expect(throws: DPDKError.self) { _ = try PortID(rawValue: 31).queueStatistics(count: 1) }
        }
    }

    @Test func tooManyQueuesAreRefusedAndTheDeviceIsGoneSoThatItMayComeBack() throws {
        try PoolFixture.run { pool in
            for _ in 0..<2 {
                let ring = try MbufRing(name: "dpdk-port", capacity: 64)
                let id = try Port.attach("dpdkport", receiveRings: [ring.handle], transmitRings: [ring.handle])
                do throws(DPDKError) {
                    _ = try Port(starting: id, queues: Port.Queues(pairs: 2), virtualDevice: "net_ring_dpdkport") { _ in pool }
                    Issue.record("the port has one queue pair")
                } catch {
                    #expect(error.code == 34 && error.detail == "net_ring has 1")
                }
                #expect(!id.isValid)
            }
        }
    }

    @Test func aStartedPortMovesFramesAndCountsThem() throws {
        try PoolFixture.run { pool in
            for _ in 0..<2 {
                let ring = try MbufRing(name: "dpdk-loop", capacity: 64)
                let id = try Port.attach("dpdkloop", receiveRings: [ring.handle], transmitRings: [ring.handle])
                let port = try Port(starting: id, queues: Port.Queues(), virtualDevice: "net_ring_dpdkloop") { _ in pool }
                let information = try id.information
                #expect(information.driver == "net_ring" && information.name == "net_ring_dpdkloop")
                #expect(information.receiveQueues == 1 && information.transmitQueues == 1)
                #expect(PortID(named: "net_ring_dpdkloop") == id)
                let pair = port.queuePair(0)
                var burst = MbufBurst(capacity: 96)
                burst.fill(60..<150, from: pool)
                #expect(pair.transmit(&burst) == 64)
                #expect(burst.lengths == Array(124..<150))
                var back = MbufBurst(capacity: 96)
                let taken = [pair.receive(into: &back, limit: 10), pair.receive(into: &back), pair.receive(into: &back)]
                #expect(taken == [10, 54, 0] && back.lengths == Array(60..<124))
                let statistics = try id.statistics
                #expect(statistics.receivedPackets == 64 && statistics.transmittedPackets == 64)
                let queues = try id.queueStatistics(count: 1)
                #expect(queues.map(\.receivedPackets) == [64] && queues.map(\.transmittedPackets) == [64])
                #expect(pair.isTransmitDone(exceptNewest: 0) == nil, "net_ring can't tell")
            }
            #expect(PortID(named: "net_ring_dpdkloop") == nil)
        }
    }

    @Test func aNameIsTakenWhileItsPortIsThere() throws {
        try EALFixture.exclusively {
            let first = try Port.attach("net_null8", arguments: "size=64")
            #expect(throws: DPDKError.self) { _ = try Port.attach("net_null8", arguments: "size=64") }
            #expect(first.isValid)
            Port.detach("net_null8")
            #expect(!first.isValid)
            _ = try Port.attach("net_null8", arguments: "size=64")
            Port.detach("net_null8")
        }
    }
}
