// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Testing
import Wire

@testable import AcceleratedBackend

@Suite struct LocalAddressesTests {
    private func addresses(_ range: Range<UInt64>) -> [UInt64] { range.map { 0x0200_0000_1000 + $0 } }

    private func message(_ generation: UInt64, _ macs: [UInt64]) -> ControlMessage {
        .localAddresses(generation: generation, macs.map { MACAddress(rawValue: $0) })
    }

    @Test func everyFrontendIsTold() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.add(2, wanted: false)
        rig.setLocalAddresses(addresses(0..<3), generation: 7)
        #expect(rig.host.sent[1]?.last == message(7, addresses(0..<3)))
        #expect(rig.host.sent[2]?.last == message(7, addresses(0..<3)))
    }

    @Test func theyComeBeforeTheOfferAndAgainWhenAGuestIsBack() throws {
        let rig = try BackendRig()
        rig.setLocalAddresses(addresses(0..<1), generation: 1)
        rig.add(1)
        #expect(rig.host.sent[1]?.first == message(1, addresses(0..<1)))
        guard case .offer = rig.host.sent[1]?.last else {
            Issue.record("no offer")
            return
        }
        rig.host.sent[1] = []
        rig.happen(.guestConnected, 1)
        #expect(rig.host.sent[1]?.first == message(1, addresses(0..<1)))
    }

    @Test func theyAreSentAgainOnceABrokenLinkWasReset() throws {
        let rig = try BackendRig()
        rig.setLocalAddresses(addresses(0..<1), generation: 1)
        rig.add(1)
        rig.run()
        rig.host.sent[1] = []
        rig.say([], 1)
        #expect(rig.host.sent[1]?.contains(message(1, addresses(0..<1))) == true)
    }

    @Test func moreThanTheProtocolCarriesAreCutAndCounted() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.setLocalAddresses(addresses(0..<600), generation: 1)
        #expect(rig.host.sent[1]?.last == message(1, addresses(0..<512)))
        #expect(rig.backend.counters.localAddressesCut == 88)
    }

    @Test func whatIsNoUnicastAddressIsLeftOut() throws {
        let rig = try BackendRig()
        rig.add(1)
        rig.setLocalAddresses([0x0100_5E00_0001, 0xFFFF_FFFF_FFFF, 0, 0x0200_0000_0009], generation: 1)
        #expect(rig.host.sent[1]?.last == message(1, [0x0200_0000_0009]))
    }
}
