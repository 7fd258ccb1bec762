// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import Netback

/// One row for each thing that a guest may try with addresses that are not its own, and for each that it must be able to do.
@Suite struct AddressGuardTests {
    private typealias Make = GuardFrames
    private static let (v4, other) = (Make.v4, Make.otherV4)
    private static let (v6, other6, local, noV6) = (Make.v6, Make.otherV6, Make.linkLocal, Make.noV6)
    private static let noV4 = IPv4Address.unspecified
    private static let stranger = Make.otherMAC

    static let arp: [GuardRow] = [
        GuardRow("request", Make.arp(1, v4, for: other)),
        GuardRow("reply", Make.arp(2, v4, for: other, targetMAC: stranger)),
        GuardRow("announcement", Make.arp(1, v4, for: v4)),
        GuardRow("probe", Make.arp(1, noV4, for: v4)),
        GuardRow("request with a priority", Make.tagged(Make.arp(1, v4, for: other), 0xE000)),
        GuardRow("request in SNAP", Make.snap(Make.arp(1, v4, for: other))),
        .refused("request of another's address", Make.arp(1, other, for: v4)),
        .refused("reply of another's address", Make.arp(2, other, for: v4)),
        .refused("announcement of another's address", Make.arp(1, other, for: other)),
        .refused("reply announcing another's address", Make.arp(2, other, for: other)),
        .refused("request with another's MAC", Make.arp(1, v4, for: other, mac: stranger)),
        .refused("reply with another's MAC", Make.arp(2, v4, for: other, mac: stranger)),
        .refused("probe for another's address", Make.arp(1, noV4, for: other)),
        .refused("reply without an address", Make.arp(2, noV4, for: v4)),
        .refused("27 bytes", Array(Make.arp(1, v4, for: other).prefix(14 + 27))),
        .refused("of another hardware", Make.ethernet(0x0806, Make.words(6) + Make.arp(1, v4, for: other)[16...])),
        .refused("of another protocol", Make.ethernet(0x0806, Make.words(1, 0x86DD) + Make.arp(1, v4, for: other)[18...])),
        .refused("a RARP operation", Make.arp(3, v4, for: v4, targetMAC: Make.mac)),
        .refused("an inverse request", Make.arp(8, v4, for: other)),
        .refused("another's address behind a priority", Make.tagged(Make.arp(2, other, for: v4), 0xE000)),
        .refused(
            "another's address behind a provider's priority", Make.tagged(Make.arp(2, other, for: v4), 0xE000, type: 0x88A8)),
        .refused("another's address in SNAP", Make.snap(Make.arp(2, other, for: v4))),
        .refused("another's address in SNAP behind a priority", Make.tagged(Make.snap(Make.arp(2, other, for: v4)), 0)),
        GuardRow("another's address behind two tags", Make.tagged(Make.tagged(Make.arp(2, other, for: v4), 0), 0), "tagged"),
        GuardRow("RARP: where I am", Make.arp(3, noV4, for: noV4, targetMAC: Make.mac, type: 0x8035)),
        .refused("RARP: where another is", Make.arp(3, noV4, for: noV4, mac: stranger, targetMAC: stranger, type: 0x8035)),
        .refused("RARP: who another is", Make.arp(3, noV4, for: noV4, targetMAC: stranger, type: 0x8035)),
        .refused("RARP: another's address", Make.arp(3, other, for: noV4, targetMAC: Make.mac, type: 0x8035)),
        .refused("RARP: an answer", Make.arp(4, v4, for: other, targetMAC: Make.mac, type: 0x8035)),
        .refused("RARP: an ARP reply", Make.arp(2, v4, for: v4, targetMAC: Make.mac, type: 0x8035)),
    ]

    static let ipv4: [GuardRow] = [
        GuardRow("UDP", Make.written(.v4(source: v4, destination: other))),
        GuardRow("TCP", Make.ipv4(v4, proto: 6, Bytes(repeating: 0, count: 20))),
        GuardRow("ICMP", Make.ipv4(v4, proto: 1, [8, 0, 0, 0, 0, 0, 0, 0])),
        GuardRow("with options", Make.ipv4(v4, proto: 1, [8, 0, 0, 0, 0, 0, 0, 0], options: [1, 1, 1, 0])),
        GuardRow("with a priority", Make.tagged(Make.written(.v4(source: v4, destination: other)), 0xA000)),
        GuardRow("in SNAP", Make.snap(Make.written(.v4(source: v4, destination: other)))),
        GuardRow("first fragment", Make.ipv4(v4, proto: 17, Make.udp(1, 2) + Make.udp(3, 4), fragment: 0x2000)),
        GuardRow("later fragment", Make.ipv4(v4, proto: 17, [0, 67, 0, 68], fragment: 0x0003)),
        GuardRow("DHCP client", Make.ipv4(noV4, proto: 17, Make.udp(68, 67))),
        GuardRow("DHCP client with its address", Make.ipv4(v4, proto: 17, Make.udp(68, 67))),
        .refused("another's address", Make.written(.v4(source: other, destination: v4))),
        .refused("another's address with a priority", Make.tagged(Make.written(.v4(source: other, destination: v4)), 0xA000)),
        .refused("another's address in SNAP", Make.snap(Make.written(.v4(source: other, destination: v4)))),
        .refused("another's address, a fragment", Make.ipv4(other, proto: 17, [1, 2, 3, 4], fragment: 0x0003)),
        .refused("no address, no DHCP", Make.ipv4(noV4, proto: 17, Make.udp(68, 53))),
        .refused("no address, not from the client's port", Make.ipv4(noV4, proto: 17, Make.udp(67, 67))),
        .refused("no address, TCP", Make.ipv4(noV4, proto: 6, Make.udp(68, 67))),
        .refused("no address, a later fragment", Make.ipv4(noV4, proto: 17, Make.udp(68, 67), fragment: 0x0001)),
        .refused("the broadcast address", Make.ipv4(.limitedBroadcast, proto: 1, [8, 0, 0, 0, 0, 0, 0, 0])),
        .refused("loopback", Make.ipv4(IPv4Address("127.0.0.1")!, proto: 1, [8, 0, 0, 0, 0, 0, 0, 0])),
        .refused("DHCP server", Make.ipv4(v4, proto: 17, Make.udp(67, 68))),
        .refused("DHCP server of another port", Make.ipv4(v4, proto: 17, Make.udp(4000, 68))),
        .refused("DHCP server, first fragment", Make.ipv4(v4, proto: 17, Make.udp(67, 68) + Make.udp(0, 0), fragment: 0x2000)),
        .refused("half a UDP header", Make.ipv4(v4, proto: 17, [0, 67, 0, 69], fragment: 0x2000)),
        .refused("19 bytes", Array(Make.written(.v4(source: v4, destination: other)).prefix(14 + 19))),
        .refused("no packet", Make.ethernet(0x0800, [])),
        .refused("longer than the frame", Array(Make.ipv4(v4, proto: 1, Make.udp(1, 2)).dropLast())),
        .refused("an IPv6 packet", Make.ethernet(0x0800, Array(Make.icmp(v6, Make.echo)[14...]))),
    ]

    static let ipv6: [GuardRow] = [
        GuardRow("UDP", Make.written(.v6(source: v6, destination: other6))),
        GuardRow("echo", Make.icmp(v6, Make.echo)),
        GuardRow("echo of the link-local address", Make.icmp(local, Make.echo)),
        GuardRow("with a priority", Make.tagged(Make.icmp(v6, Make.echo), 0xA000)),
        GuardRow("behind options", Make.ipv6(v6, next: 60, Make.behind(58) + Make.echo)),
        GuardRow(
            "first fragment", Make.ipv6(v6, next: 44, Make.fragment(17, offset: 0, more: true) + Make.udp(1, 2) + Make.udp(3, 4))),
        GuardRow(
            "later fragment", Make.ipv6(v6, next: 44, Make.fragment(58, offset: 16, more: false) + Make.routerAdvertisement)),
        GuardRow("report before there is an address", Make.ipv6(noV6, next: 0, [58, 0, 5, 2, 0, 0, 1, 0] + Make.listenerReport)),
        GuardRow("report", Make.ipv6(local, next: 0, [58, 0, 5, 2, 0, 0, 1, 0] + Make.listenerReport)),
        GuardRow("DHCPv6 client", Make.ipv6(local, next: 17, Make.udp(546, 547))),
        .refused("another's address", Make.written(.v6(source: other6, destination: v6))),
        .refused("another's link-local address", Make.icmp(Make.otherLinkLocal, Make.echo)),
        .refused(
            "another's address, a fragment", Make.ipv6(other6, next: 44, Make.fragment(58, offset: 8, more: false) + Make.echo)),
        .refused("no address", Make.icmp(noV6, Make.echo)),
        .refused("no address, UDP", Make.ipv6(noV6, next: 17, Make.udp(546, 547))),
        .refused("loopback", Make.icmp(IPv6Address(high: 0, low: 1), Make.echo)),
        .refused("a group", Make.icmp(Make.allNodes, Make.echo)),
        .refused("report of another", Make.icmp(other6, Make.listenerReport)),
        .refused("query without an address", Make.icmp(noV6, [130] + Make.listenerReport[1...])),
        .refused("DHCPv6 server", Make.ipv6(local, next: 17, Make.udp(547, 546))),
        .refused("39 bytes", Array(Make.icmp(v6, Make.echo).prefix(14 + 39))),
        .refused("longer than the frame", Array(Make.icmp(v6, Make.echo).dropLast())),
        .refused("an IPv4 packet", Make.ethernet(0x86DD, Array(Make.ipv4(v4, proto: 1, Bytes(repeating: 0, count: 40))[14...]))),
        .refused(
            "nine extension headers",
            Make.ipv6(v6, next: 60, (0..<8).flatMap { _ in Make.behind(60) } + Make.behind(58) + Make.echo)),
        .refused(
            "a header that ends in the next fragment",
            Make.ipv6(v6, next: 44, Make.fragment(60, offset: 0, more: true) + [58, 1] + Make.words(0, 0, 0))),
        .refused("ICMPv6 of three bytes", Make.icmp(v6, [128, 0, 0])),
    ]

    static let neighbors: [GuardRow] = [
        GuardRow("solicitation", Make.icmp(v6, Make.solicitation(other6, Make.option(1, Make.mac)))),
        GuardRow("solicitation without options", Make.icmp(local, Make.solicitation(other6))),
        GuardRow("duplicate detection", Make.icmp(noV6, to: v6.solicitedNode, Make.solicitation(v6))),
        GuardRow("duplicate detection, link-local", Make.icmp(noV6, to: local.solicitedNode, Make.solicitation(local))),
        GuardRow(
            "duplicate detection with a nonce",
            Make.icmp(noV6, to: v6.solicitedNode, Make.solicitation(v6, [14, 1, 1, 2, 3, 4, 5, 6]))),
        GuardRow("advertisement", Make.icmp(v6, Make.advertisement(v6, Make.option(2, Make.mac)))),
        GuardRow("advertisement of the link-local address", Make.icmp(local, Make.advertisement(local))),
        GuardRow("router solicitation", Make.icmp(local, to: Make.allRouters, Make.routerSolicitation(Make.option(1, Make.mac)))),
        GuardRow(
            "router solicitation before there is an address", Make.icmp(noV6, to: Make.allRouters, Make.routerSolicitation())),
        .refused("solicitation of another", Make.icmp(other6, Make.solicitation(v6, Make.option(1, Make.mac)))),
        .refused("solicitation with another's MAC", Make.icmp(v6, Make.solicitation(other6, Make.option(1, stranger)))),
        .refused(
            "solicitation with a second MAC",
            Make.icmp(v6, Make.solicitation(other6, Make.option(1, Make.mac) + Make.option(1, stranger)))),
        .refused("solicitation of a group", Make.icmp(v6, Make.solicitation(Make.allNodes))),
        .refused("solicitation of 23 bytes", Make.icmp(v6, Array(Make.solicitation(other6).dropLast()))),
        .refused(
            "solicitation with an option of no length", Make.icmp(v6, Make.solicitation(other6, [14, 0, 0, 0, 0, 0, 0, 0]))),
        .refused("detection of another's address", Make.icmp(noV6, to: other6.solicitedNode, Make.solicitation(other6))),
        .refused("detection with a MAC", Make.icmp(noV6, to: v6.solicitedNode, Make.solicitation(v6, Make.option(1, Make.mac)))),
        .refused("detection sent to all", Make.icmp(noV6, to: Make.allNodes, Make.solicitation(v6))),
        .refused("advertisement of another's address", Make.icmp(v6, Make.advertisement(other6, Make.option(2, Make.mac)))),
        .refused("advertisement by another", Make.icmp(other6, Make.advertisement(v6, Make.option(2, Make.mac)))),
        .refused("advertisement without an address", Make.icmp(noV6, Make.advertisement(v6))),
        .refused("advertisement with another's MAC", Make.icmp(v6, Make.advertisement(v6, Make.option(2, stranger)))),
        .refused(
            "advertisement with a second MAC",
            Make.icmp(v6, Make.advertisement(v6, Make.option(2, Make.mac) + Make.option(2, stranger)))),
        .refused(
            "advertisement with a long MAC", Make.icmp(v6, Make.advertisement(v6, [2, 2] + Bytes(repeating: 0, count: 14)))),
        .refused("advertisement behind options", Make.ipv6(v6, next: 60, Make.behind(58) + Make.advertisement(other6))),
        .refused("advertisement with a priority", Make.tagged(Make.icmp(v6, Make.advertisement(other6)), 0)),
        .refused(
            "advertisement in a fragment",
            Make.ipv6(v6, next: 44, Make.fragment(58, offset: 0, more: true) + Make.advertisement(v6))),
        .refused("router solicitation with another's MAC", Make.icmp(local, Make.routerSolicitation(Make.option(1, stranger)))),
        .refused("router solicitation of nobody with a MAC", Make.icmp(noV6, Make.routerSolicitation(Make.option(1, Make.mac)))),
        .refused("router solicitation of 7 bytes", Make.icmp(local, Array(Make.routerSolicitation().dropLast()))),
        .refused("router advertisement", Make.icmp(local, Make.routerAdvertisement)),
        .refused(
            "router advertisement behind hop-by-hop options",
            Make.ipv6(local, next: 0, Make.behind(58) + Make.routerAdvertisement)),
        .refused(
            "router advertisement in a fragment",
            Make.ipv6(local, next: 44, Make.fragment(58, offset: 0, more: true) + Make.routerAdvertisement)),
        .refused(
            "router advertisement in an atomic fragment",
            Make.ipv6(local, next: 44, Make.fragment(58, offset: 0, more: false) + Make.routerAdvertisement)),
        .refused("router advertisement in SNAP", Make.snap(Make.icmp(local, Make.routerAdvertisement))),
        .refused("redirect", Make.icmp(local, Make.redirect)),
    ]

    static let others: [GuardRow] = [
        GuardRow("another protocol", Frames.numbered(1, to: Rig.station, from: Make.mac)),
        GuardRow("LLC", Make.ethernet(8, [0x42, 0x42, 3, 0, 0, 0, 0, 0])),
        GuardRow("an empty LLC frame", Make.ethernet(0, [])),
        GuardRow("SNAP of somebody's own", Make.ethernet(10, [0xAA, 0xAA, 3, 0, 0, 0x0C, 0x20, 0, 1, 2])),
    ]

    private static let policy = VifPolicy(addresses: Make.addresses)

    @Test func arpIsJudgedByItsSender() throws { try GuardRow.check(Self.arp, Self.policy) }
    @Test func ipv4IsJudgedByItsSource() throws { try GuardRow.check(Self.ipv4, Self.policy) }
    @Test func ipv6IsJudgedByItsSource() throws { try GuardRow.check(Self.ipv6, Self.policy) }
    @Test func neighborDiscoveryIsJudgedByAllThatItTells() throws { try GuardRow.check(Self.neighbors, Self.policy) }
    @Test func otherProtocolsPass() throws { try GuardRow.check(Self.others, Self.policy) }

    /// A list of addresses without any of a version leaves none of it.
    @Test func noAddressesAreNone() throws {
        try GuardRow.check(
            [
                .refused("ARP", Make.arp(1, v4, for: Self.other)), .refused("IPv6", Make.icmp(v6, Make.echo)),
                .refused("IPv4", Make.written(.v4(source: v4, destination: Self.other))),
                GuardRow("the link-local address", Make.icmp(Self.local, Make.echo)),
                GuardRow("DHCP", Make.ipv4(Self.noV4, proto: 17, Make.udp(68, 67))),
            ], VifPolicy(addresses: []))
    }

    private var v4: IPv4Address { Make.v4 }
    private var v6: IPv6Address { Make.v6 }
}
