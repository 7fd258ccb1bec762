// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import SoftNIC
import Testing
import Wire

/// What each personality's port says of itself.
@Suite struct TraitsTests {
    struct Expectation: Sendable, CustomTestStringConvertible {
        let personality: Personality
        let driver: String
        let device: UInt16?
        let addresses: Int
        let stops: Bool
        let setsUp: Bool
        let vmdq: VMDqLimits?
        var testDescription: String { personality.rawValue }
    }

    static let all: [Expectation] = [
        Expectation(
            personality: .ixgbe82599, driver: "net_ixgbe", device: 0x10FB, addresses: 128, stops: true, setsUp: false,
            vmdq: VMDqLimits(maximumPools: 8, firstPool: 0, firstQueue: 0, queueCount: 16)),
        Expectation(
            personality: .ixgbeX550, driver: "net_ixgbe", device: 0x1563, addresses: 128, stops: true, setsUp: false,
            vmdq: VMDqLimits(maximumPools: 8, firstPool: 0, firstQueue: 0, queueCount: 16)),
        Expectation(
            personality: .i40e, driver: "net_i40e", device: 0x1572, addresses: 64, stops: true, setsUp: true,
            vmdq: VMDqLimits(maximumPools: 3, firstPool: 1, firstQueue: 4, queueCount: 12)),
        Expectation(
            personality: .igb, driver: "net_e1000_igb", device: 0x10C9, addresses: 24, stops: false, setsUp: false,
            vmdq: VMDqLimits(maximumPools: 8, firstPool: 0, firstQueue: 0, queueCount: 8)),
        Expectation(
            personality: .sfc, driver: "net_sfc_efx", device: 0x0A03, addresses: 1, stops: true, setsUp: true, vmdq: nil),
        Expectation(
            personality: .mlx5, driver: "mlx5_pci", device: 0x1015, addresses: 128, stops: true, setsUp: false, vmdq: nil),
        Expectation(
            personality: .bnxt, driver: "net_bnxt", device: 0x16D7, addresses: 128, stops: true, setsUp: true,
            vmdq: VMDqLimits(maximumPools: 8, firstPool: 0, firstQueue: 0, queueCount: 8)),
        Expectation(
            personality: .none, driver: "net_ring", device: nil, addresses: 1, stops: false, setsUp: false, vmdq: nil),
    ]

    @Test func everyPersonalityIsHere() {
        #expect(Self.all.map(\.personality) == Personality.allCases)
        #expect(
            Personality.allCases.map(\.rawValue) == [
                "ixgbe-82599", "ixgbe-x550", "i40e", "igb", "sfc", "mlx5", "bnxt", "none",
            ])
    }

    @Test(arguments: all)
    func thePortSaysWhatTheDriverWould(expected: Expectation) throws {
        try Rig.run(expected.personality, queuePairs: 16, descriptors: 32) { rig in
            let information = try rig.nic.port.information
            #expect(information.driver == expected.driver && information.deviceID == expected.device)
            #expect(information.maximumAddresses == expected.addresses && information.vmdq == expected.vmdq)
            #expect(information.canStopQueues == expected.stops)
            #expect(information.canSetUpQueuesWhileRunning == expected.setsUp)
            #expect(information.isLinkUp && information.receiveQueues == 16)
            #expect(MACAddress(rawValue: information.mac).isValidUnicast)
        }
    }

    /// With fewer queues there are fewer pools, or none.
    @Test(arguments: [
        (Personality.ixgbe82599, 5, 2), (.ixgbe82599, 1, 0), (.i40e, 5, 1), (.i40e, 9, 2), (.i40e, 4, 0), (.igb, 3, 3),
        (.bnxt, 5, 4), (.bnxt, 9, 8), (.bnxt, 1, 0),
    ])
    func asManyPoolsAsFit(personality: Personality, queuePairs: Int, pools: Int) throws {
        try Rig.run(personality, queuePairs: queuePairs, descriptors: 32) { rig in
            let vmdq = try rig.nic.port.information.vmdq
            #expect((vmdq?.maximumPools ?? 0) == pools)
            if let vmdq {
                let last = vmdq.queue(ofPool: vmdq.firstPool + vmdq.maximumPools - 1) + vmdq.queuesPerPool - 1
                #expect(last < queuePairs)
            }
        }
    }

    @Test func twoNICsHaveAddressesOfTheirOwn() throws {
        try Rig.run(queuePairs: 1) { rig in
            let other = try SoftNIC(
                SoftNICConfiguration(name: "other", queuePairs: 1), wire: rig.peer, wirePool: rig.wirePool.handle)
            let macs = [try rig.nic.port.information.mac, try other.port.information.mac]
            #expect(macs[0] != macs[1])
            other.close()
        }
    }
}
