// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

@Suite struct PoolTests {
    private let mac = MACAddress.guest(1)
    private func frame(_ mac: MACAddress, vlan: UInt16? = nil) -> TestFrame { TestFrame(to: mac, vlan: vlan, sequence: 1) }

    private static func pools(_ count: Int) -> Rig.Shape { Rig.Shape(pools: count, dropWhenFullFrom: 0) }

    /// Pool, its queue, the port's queue pairs, and the pools to configure.
    @Test(arguments: [
        (Personality.ixgbe82599, 1, 2, 8, 4), (.ixgbe82599, 3, 6, 8, 4), (.ixgbeX550, 2, 4, 8, 4),
        (.i40e, 1, 1, 9, 2), (.i40e, 2, 5, 9, 2), (.igb, 1, 1, 4, 4), (.igb, 3, 3, 4, 4), (.bnxt, 3, 3, 5, 4),
        (.bnxt, 2, 4, 8, 4),
    ])
    func anAddressInAPoolGoesToThePoolsQueue(
        personality: Personality, pool: Int, queue: Int, queuePairs: Int, pools: Int
    ) throws {
        try Rig.run(personality, queuePairs: queuePairs, descriptors: 64, shape: Self.pools(pools)) { rig in
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frame(mac)) == [0])
            try rig.nic.port.addAddress(mac.rawValue, pool: pool)
            #expect(rig.queues(getting: frame(mac)) == [queue])
            #expect(rig.queues(getting: .ipv4()) == [queue] && rig.queues(getting: .ipv6()) == [queue])
            #expect(rig.queues(getting: frame(.guest(2))) == [0])
            try rig.nic.port.removeAddress(mac.rawValue)
            try rig.nic.port.removeAddress(mac.rawValue)
            #expect(rig.queues(getting: frame(mac)) == [0])
        }
    }

    /// bnxt's pools have as many queues as the port was configured with, divided; its limits do not say so.
    @Test func bnxtsPoolsAreNotWhereItsLimitsSayWithMoreQueues() throws {
        try Rig.run(.bnxt, queuePairs: 16, descriptors: 32, shape: Self.pools(8)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 3)
            #expect(rig.queues(getting: frame(mac)) == [6])
            #expect(rig.information?.vmdq?.queue(ofPool: 3) == 3)
        }
    }

    @Test func anAddressInTwoPoolsIsDuplicated() throws {
        for personality in [Personality.ixgbe82599, .i40e, .igb, .bnxt] {
            try Rig.run(personality, queuePairs: 9, descriptors: 64, shape: Self.pools(2)) { rig in
                _ = rig.receiveAll()
                let vmdq = try #require(try rig.nic.port.information.vmdq)
                let pools = [vmdq.firstPool, vmdq.firstPool + 1]
                for pool in pools { try rig.nic.port.addAddress(mac.rawValue, pool: pool) }
                let got = rig.queues(getting: frame(mac))
                #expect(got.count == 2 && Set(got).count == 2, "\(personality): \(got)")
                #expect(rig.nic.statistics.replicated == 1)
                try rig.nic.port.removeAddress(mac.rawValue)
                try rig.nic.port.addAddress(mac.rawValue, pool: pools[1])
                #expect(rig.queues(getting: frame(mac)).count == 1)
            }
        }
    }

    @Test(arguments: [Personality.ixgbe82599, .i40e, .bnxt])
    func groupAddressesAreReplicatedIntoEveryPool(personality: Personality) throws {
        let queuePairs = personality == .i40e ? 9 : 4
        try Rig.run(personality, queuePairs: queuePairs, descriptors: 64, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            for address in [MACAddress(rawValue: 0xFFFF_FFFF_FFFF), MACAddress(rawValue: 0x0100_5E00_0001)] {
                let expected = personality == .i40e ? [0, 1, 5] : [0, 2]
                #expect(rig.queues(getting: frame(address)) == expected)
            }
        }
    }

    @Test func withoutPoolsNothingIsReplicated() throws {
        try Rig.run(.ixgbe82599, shape: Rig.Shape(dropWhenFullFrom: 0)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            #expect(rig.queues(getting: frame(mac)) == [0])
            #expect(rig.queues(getting: frame(MACAddress(rawValue: 0xFFFF_FFFF_FFFF))) == [0])
        }
    }

    @Test func taggedFramesGoPastIxgbesPoolsAndIntoI40es() throws {
        try Rig.run(.ixgbe82599, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            #expect(rig.queues(getting: frame(mac, vlan: 9)) == [0])
        }
        try Rig.run(.i40e, queuePairs: 5, descriptors: 64, shape: Self.pools(1)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            #expect(rig.queues(getting: frame(mac, vlan: 9)) == [1])
        }
    }

    @Test func ixgbesOwnAddressIsEveryPools() throws {
        try Rig.run(.ixgbe82599, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            let own = MACAddress(rawValue: rig.information?.mac ?? 0)
            #expect(rig.queues(getting: frame(own)) == [0, 2])
        }
        try Rig.run(.bnxt, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            #expect(rig.queues(getting: frame(MACAddress(rawValue: rig.information?.mac ?? 0))) == [0])
        }
    }

    /// As an 82576 that heeds what its driver asks for (igb_rxtx.c: pools by VLAN alone).
    @Test(arguments: [Personality.ixgbe82599, .i40e, .igb])
    func anIgnoredAddressIsTakenAndSteersNothing(personality: Personality) throws {
        try Rig.run(personality, queuePairs: 9, descriptors: 64, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            rig.nic.faults = .rulesIgnored
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            #expect(rig.queues(getting: frame(mac)) == [0])
            rig.nic.faults = []
            try rig.nic.port.removeAddress(mac.rawValue)
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            #expect(rig.queues(getting: frame(mac)) != [0])
        }
    }

    @Test(arguments: [(Personality.ixgbe82599, 127), (.i40e, 63), (.igb, 23), (.bnxt, 127)])
    func slotsRunOutAndComeBack(personality: Personality, slots: Int) throws {
        let shape = Self.pools(personality == .i40e ? 1 : 2)
        try Rig.run(personality, queuePairs: 5, descriptors: 32, shape: shape) { rig in
            _ = rig.receiveAll()
            for number in 0..<slots {
                try rig.nic.port.addAddress(MACAddress.guest(UInt64(number)).rawValue, pool: 1)
                rig.nic.poll(advancing: 1000)
            }
            let last = MACAddress.guest(UInt64(slots))
            let error = #expect(throws: DPDKError.self) { try rig.nic.port.addAddress(last.rawValue, pool: 1) }
            #expect(error?.code == 28 && error?.detail == "MAC address array full")
            // One that is there already needs none.
            try rig.nic.port.addAddress(MACAddress.guest(0).rawValue, pool: 0)
            try rig.nic.port.removeAddress(MACAddress.guest(0).rawValue)
            try rig.nic.port.addAddress(last.rawValue, pool: 1)
        }
    }

    @Test func badPoolsAndAddressesAreRefused() throws {
        try Rig.run(.i40e, queuePairs: 9, descriptors: 32, shape: Self.pools(2)) { rig in
            let port = rig.nic.port
            func code(_ body: () throws(DPDKError) -> Void) -> Int32? {
                do throws(DPDKError) { try body() } catch { return error.code }
                return nil
            }
            #expect(code { () throws(DPDKError) in try port.addAddress(mac.rawValue, pool: 3) } == 22)
            #expect(code { () throws(DPDKError) in try port.addAddress(0, pool: 1) } == 22)
            #expect(code { () throws(DPDKError) in try port.addAddress(mac.rawValue, pool: 64) } == 22)
            let own = try port.information.mac
            #expect(code { () throws(DPDKError) in try port.removeAddress(own) } == 98)
        }
        try Rig.run(.i40e, queuePairs: 9, descriptors: 32) { rig in
            let error = #expect(throws: DPDKError.self) { try rig.nic.port.addAddress(mac.rawValue, pool: 1) }
            #expect(error?.code == 95 && error?.detail == "VMDQ not configured, can't set mac to pool 1")
            try rig.nic.port.addAddress(mac.rawValue, pool: 0)
        }
        try Rig.run(.bnxt, queuePairs: 5, descriptors: 32, shape: Self.pools(2)) { rig in
            #expect(throws: DPDKError.self) { try rig.nic.port.addAddress(mac.rawValue, pool: 2) }
        }
    }

    @Test func moreQueuesThanPoolsNeedAreNeeded() throws {
        try Rig.run(queuePairs: 1) { rig in
            let nic = try SoftNIC(
                SoftNICConfiguration(name: "pools", queuePairs: 8, personality: .ixgbe82599, descriptors: 64),
                wire: rig.peer, wirePool: rig.wirePool.handle)
            let pool = rig.ownerPool(0)
            let queues = Port.Queues(pairs: 4, receiveDescriptors: 64, transmitDescriptors: 64, pools: 3)
            let error = #expect(throws: DPDKError.self) { _ = try Port(starting: nic.port, queues: queues) { _ in pool } }
            #expect(error?.code == 22 && error?.detail == "the last pool's queue is 4, and there are 4")
            nic.close()
        }
    }

    @Test func rulesGoBeforePools() throws {
        try Rig.run(.ixgbe82599, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            let rule = FlowRule(pattern: [.ipv4(destination: 0x0A00_0002)], actions: [.queue(3)])
            #expect(rig.creates(rule) == nil)
            #expect(rig.queues(getting: .ipv4()) == [3] && rig.queues(getting: .ipv4(address: 9)) == [2])
        }
    }

    @Test func addressesTakeEffectLateToo() throws {
        let delays = SoftNICDelays(deliveryNanoseconds: 0, ruleNanoseconds: 150_000, completionNanoseconds: 0)
        try Rig.run(.ixgbe82599, delays: delays, shape: Self.pools(2)) { rig in
            _ = rig.receiveAll()
            rig.advance(microseconds: 200)
            try rig.nic.port.addAddress(mac.rawValue, pool: 1)
            #expect(rig.queues(getting: frame(mac)) == [0])
            rig.advance(microseconds: 152)
            #expect(rig.queues(getting: frame(mac)) == [2])
        }
    }
}
