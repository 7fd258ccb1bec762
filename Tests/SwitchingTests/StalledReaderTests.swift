// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import DPDK
import Dataplane
import Netback
import Netfront
import SoftNIC
import TestSupport
import Testing
import Wire

/// A guest that does not poll its VI: the frames for it are its own loss.
@Suite(.serialized) struct StalledReaderTests {
    /// UDP datagrams to a MAC of this host's network, in the vif's VLAN; waits until they are on the wire.
    private func send(_ count: Int, to mac: MACAddress, _ rig: SwitchingRig) throws {
        var burst = MbufBurst(capacity: 64)
        try #require(rig.cable.pool.handle.allocate(count, into: &burst))
        for index in 0..<count {
            Traffic.write(burst[index], flow: 99, sequence: UInt64(index), from: Traffic.station(0), to: mac, isUDP: true)
            if let vlan = rig.options.vlan { #expect(burst[index].insertTag(control: vlan)) }
        }
        rig.stations.inject(&burst)
        let isTaken = burst.isEmpty
        try #require(isTaken)
        #expect(rig.group.synchronize())
    }

    /// These families stall the whole port for a full queue unless they are told to drop (`rx_drop_en`); sfc always drops.
    @Test(arguments: [(Personality.i40e, SteeringForm.ipv4RuleSet), (.ixgbeX550, .macAndVLAN), (.sfc, .destinationMAC)])
    func theDefaultQueueGoesOn(_ personality: Personality, _ form: SteeringForm) throws {
        var options = SwitchingRig.Options(forms: [form])
        options.personality = personality
        options.isUDP = true
        options.vlan = form == .macAndVLAN ? 7 : nil
        try SwitchingRig.run(options) { rig in
            rig.startTraffic()
            try rig.becomeFast()
            try rig.stopTraffic()
            try rig.withGuestStandingStill {
                // More than the VI's 1,024 descriptors take.
                for _ in 0..<40 { try send(60, to: Traffic.guestMAC, rig) }
                let before = rig.netback.counters["wireReceived"] ?? 0
                for _ in 0..<5 { try send(20, to: MACAddress(rawValue: 0x0200_0000_BEEF), rig) }
                try rig.wait("frames for others") { (rig.netback.counters["wireReceived"] ?? 0) >= before + 100 }
                #expect(rig.nic.statistics.queues.dropFirst().contains { $0.noMbuf > 0 }, "\(rig.account)")
            }
            try rig.becomeSlow()
        }
    }
}
