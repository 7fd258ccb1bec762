// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing
import Wire

@testable import Netback

@Suite struct SourceGuardTests {
    private static func from(_ source: MACAddress) -> Bytes { Frames.numbered(7, to: Rig.station, from: source) }
    private static let own = from(GuardFrames.mac)
    private static let other = from(GuardFrames.otherMAC)

    static let rows: [GuardRow] = [
        GuardRow("the vif's MAC", own),
        GuardRow("the vif's MAC and a priority", GuardFrames.tagged(own, 0xE000)),
        GuardRow("another vif's MAC", other, "foreignSource"),
        GuardRow("another vif's MAC and a priority", GuardFrames.tagged(other, 0xE000), "foreignSource"),
        GuardRow("a MAC that nobody has", from(Rig.mac(0x71)), "foreignSource"),
        GuardRow("no MAC", from(.zero), "foreignSource"),
        GuardRow("the broadcast address", from(.broadcast), "foreignSource"),
        GuardRow(
            "the vif's MAC with the group bit", from(MACAddress(rawValue: GuardFrames.mac.rawValue | 1 << 40)), "foreignSource"),
        GuardRow("the vif's MAC, broadcast", Frames.numbered(7, to: .broadcast, from: GuardFrames.mac)),
        // What is examined before.
        GuardRow("13 bytes", Array(other.prefix(13)), "runt"),
        GuardRow("a VLAN of its choice", GuardFrames.tagged(other, 5), "tagged"),
        GuardRow(
            "to a bridge", Frames.numbered(7, to: MACAddress(rawValue: 0x0180_C200_0000), from: Rig.mac(2)), "reservedAddress"),
        GuardRow("a fence that nobody asked for", Frames.fence(nonce: 1, sequence: 1), "unexpectedFence"),
    ]

    @Test func eachFrameIsJudgedByItsSource() throws {
        try GuardRow.check(Self.rows, VifPolicy(guardsSource: true))
    }

    @Test func nothingOfAForeignSourceIsLearned() throws {
        try Rig.run { rig in
            var vif = rig.vif(1)
            vif.policy = VifPolicy(guardsSource: true)
            let one = try rig.netback.addVif(vif, link: nil)
            try rig.connect(one, 1)
            try rig.send([Self.from(Rig.mac(0x71))], from: one)
            try rig.require("the drop") { rig.count("foreignSource", one) == 1 }
            try rig.settle()
            #expect(rig.count("fdbEntries") == 1)
        }
    }

    /// Fences have a source of their own, and belong to the plugin.
    @Test func fencesOfThePluginPassEveryGuardAndLimit() throws {
        try Rig.runWithPlugin { rig, plugin in
            var vif = rig.vif(1)
            let one = try rig.netback.addVif(vif, link: nil)
            try rig.connect(one, 1)
            try rig.setNonce(42, vif: one, plugin)
            let limit = RateLimit(bytesPerSecond: 1, burstBytes: 1518)
            vif.policy = VifPolicy(
                guardsSource: true, addresses: GuardFrames.addresses, ingress: limit, egress: limit, stormLimit: 1)
            try rig.netback.setPolicy(vif.policy, vif: one)
            try rig.send((0..<100).map { Frames.fence(nonce: 42, sequence: $0) }, from: one)
            try rig.require("all are taken") { rig.count("fencesConsumed", one) == 100 }
            for sequence in 0..<100 as Range<UInt32> {
                #expect(plugin.host.fence(sequence: sequence, settleNanoseconds: 0, vif: one) == .done)
                #expect(Frames.asFence(try rig.receive(1, at: one)[0])?.sequence == sequence)
            }
        }
    }
}
