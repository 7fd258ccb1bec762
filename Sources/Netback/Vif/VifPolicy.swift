// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// What a vif's guest may send and be sent, and how much of it. Frames beyond it are dropped, each with a counter of its own.
///
/// It is the slow path's: a vif with a policy that only netback can enforce is refused acceleration, which is all of it but
/// ``guardsSource`` and ``maximumLearnedAddresses``. See <doc:Isolation>.
public struct VifPolicy: Sendable, Equatable {
    /// Frames from the guest whose Ethernet source is not the vif's MAC are dropped. Off for a guest that is a bridge or a router of
    /// other machines' frames.
    public var guardsSource: Bool
    /// IP addresses that are the guest's, at most 64. When it is not nil, the guest may announce and use no others, with no other MAC
    /// than the vif's: ARP senders, sources of neighbor discovery and of IP packets; and it is no router and no DHCP server. A link-local
    /// address made from the MAC (RFC 4291 appendix A) and the unspecified addresses of address configuration are always the guest's.
    public var addresses: [IPAddress]?
    /// Of frames from the guest.
    public var ingress: RateLimit?
    /// Of frames to the guest.
    public var egress: RateLimit?
    /// Group-addressed frames from the guest in a second, 1 to 10,000,000: broadcast and multicast together. As many may come at once.
    public var stormLimit: Int?
    /// Addresses that the switch learns behind the vif at most, up to 1,048,576; further ones are not learned, so frames to them are
    /// flooded, or go where the address was learned before.
    public var maximumLearnedAddresses: Int?

    public init(
        guardsSource: Bool = false, addresses: [IPAddress]? = nil, ingress: RateLimit? = nil, egress: RateLimit? = nil,
        stormLimit: Int? = nil, maximumLearnedAddresses: Int? = nil
    ) {
        self.guardsSource = guardsSource
        self.addresses = addresses
        self.ingress = ingress
        self.egress = egress
        self.stormLimit = stormLimit
        self.maximumLearnedAddresses = maximumLearnedAddresses
    }
}

/// A rate of frames on a vif, with the burst that may exceed it: a token bucket (RFC 2697 without an excess burst).
public struct RateLimit: Sendable, Equatable {
    /// Of Ethernet frames, without preamble, check sequence and gap; 1 to 2^37. Kept to within 1 in 100.
    public var bytesPerSecond: UInt64
    /// 18 more than the vif's MTU and at least 1518, to 2^32 - 1.
    public var burstBytes: UInt64

    public init(bytesPerSecond: UInt64, burstBytes: UInt64) {
        self.bytesPerSecond = bytesPerSecond
        self.burstBytes = burstBytes
    }
}
