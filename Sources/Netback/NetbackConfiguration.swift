// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import Wire

/// Sizes and limits of one netback: a switch between an uplink and a number of vifs.
public struct NetbackConfiguration: Sendable, Equatable {
    /// Unique in the process, 1 to 16 bytes; DPDK objects are named after it.
    public var name: String
    /// Vifs at the same time.
    public var maximumVifs: Int
    /// Addresses that the switch learns; those of the vifs themselves come on top.
    public var fdbCapacity: Int
    /// A learned address is forgotten when nothing came from it for that long.
    public var fdbAgeSeconds: Int
    /// Frames that are held for each vif while its path changes.
    public var holdCapacity: Int
    /// Descriptors of the uplink's default receive queue: that many frames may wait there when a fence is asked for.
    public var uplinkReceiveRing: Int
    /// Descriptors of the uplink's transmit queue.
    public var uplinkTransmitRing: Int
    /// Bytes behind the Ethernet header of the longest frame that goes to the uplink, 68 to 65535; nil: as its port says.
    public var uplinkMTU: Int?
    /// Addresses in the set of local ones that plugins are told; further ones are cut off and counted.
    public var maximumLocalAddresses: Int
    /// Milliseconds that a planned way back to the slow path may take, 1 to 3600000; then what a plugin holds is taken away by force. By
    /// default `AccelerationLimits.withdrawal`, and a second for what a plugin does besides.
    public var withdrawalLimitMilliseconds = Int(AccelerationLimits().withdrawal / 1_000_000) + 1000

    public init(
        name: String, maximumVifs: Int = 64, fdbCapacity: Int = 4096, fdbAgeSeconds: Int = 300, holdCapacity: Int = 8192,
        uplinkReceiveRing: Int = 1024, uplinkTransmitRing: Int = 1024, maximumLocalAddresses: Int = 512
    ) {
        self.name = name
        self.maximumVifs = maximumVifs
        self.fdbCapacity = fdbCapacity
        self.fdbAgeSeconds = fdbAgeSeconds
        self.holdCapacity = holdCapacity
        self.uplinkReceiveRing = uplinkReceiveRing
        self.uplinkTransmitRing = uplinkTransmitRing
        self.maximumLocalAddresses = maximumLocalAddresses
    }

    func validate() throws(NetbackError) {
        func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws(NetbackError) {
            if !condition { throw .invalidConfiguration(problem()) }
        }
        try require((1...16).contains(name.utf8.count), "the name of a netback has 1 to 16 bytes, not \(name.utf8.count)")
        try require((1...1024).contains(maximumVifs), "maximumVifs is 1 to 1024, not \(maximumVifs)")
        try require((1...1 << 20).contains(fdbCapacity), "fdbCapacity is 1 to 1048576, not \(fdbCapacity)")
        try require((1...86400).contains(fdbAgeSeconds), "fdbAgeSeconds is 1 to 86400, not \(fdbAgeSeconds)")
        try require((1...1 << 20).contains(holdCapacity), "holdCapacity is 1 to 1048576, not \(holdCapacity)")
        try require((1...65535).contains(uplinkReceiveRing), "uplinkReceiveRing is 1 to 65535, not \(uplinkReceiveRing)")
        try require((1...65535).contains(uplinkTransmitRing), "uplinkTransmitRing is 1 to 65535, not \(uplinkTransmitRing)")
        if let uplinkMTU { try require((68...65535).contains(uplinkMTU), "uplinkMTU is 68 to 65535, not \(uplinkMTU)") }
        // A control message carries at most 512 addresses (ControlProtocol.maximumLocalAddresses).
        try require(
            (1...512).contains(maximumLocalAddresses), "maximumLocalAddresses is 1 to 512, not \(maximumLocalAddresses)")
        try require(
            (1...3_600_000).contains(withdrawalLimitMilliseconds),
            "withdrawalLimitMilliseconds is 1 to 3600000, not \(withdrawalLimitMilliseconds)")
    }
}

/// A guest's paravirtual interface, as netback is asked to serve it.
public struct VifConfiguration: Sendable, Equatable {
    /// Unique in its netback, 1 to 31 bytes.
    public var name: String
    /// The guest's own address; the switch never learns it elsewhere.
    public var mac: MACAddress
    /// The vif's VLAN on the uplink, 1 to 4094; nil for untagged frames. The vif is an access port (IEEE Std 802.1Q 6.9): its guest
    /// sends and receives untagged frames, and reaches only what is in the same VLAN.
    public var vlan: UInt16?
    /// Where the guest finds its vhost-user socket, or its attach socket; at most 107 bytes, and nothing may be there yet. With
    /// ``connectsToGuest``, where netback finds the guest's.
    public var socketPath: String
    /// The guest listens at ``socketPath`` and netback connects, again and again while nobody is there (librte_vhost's client mode).
    public var connectsToGuest = false
    /// Queue pairs that the guest may use, 1 to 8. A vif with a control link has one.
    public var queuePairs = 1
    /// Bytes behind the Ethernet header of the longest frame that the guest is sent, 68 to 9000.
    public var mtu = 1500
    /// What the guest may do.
    public var policy = VifPolicy()
    /// Whether a plugin may accelerate the vif from the start.
    public var acceleration: Bool
    /// Set: the guest is a DPDK secondary process, trusted with all of this process's DPDK memory, and comes by the attach socket.
    public var attachment: AttachmentConfiguration?

    public init(
        name: String, mac: MACAddress, vlan: UInt16? = nil, socketPath: String, acceleration: Bool,
        attachment: AttachmentConfiguration? = nil
    ) {
        self.name = name
        self.mac = mac
        self.vlan = vlan
        self.socketPath = socketPath
        self.acceleration = acceleration
        self.attachment = attachment
    }
}
