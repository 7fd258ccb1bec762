// SPDX-License-Identifier: BSD-3-Clause
public import AcceleratedBackend
public import Netback
public import Wire

/// A vif as an operator wants it.
public struct VifSettings: Sendable, Equatable {
    /// Where the guest runs.
    public enum Kind: String, CaseIterable, Sendable, Codable {
        /// In a virtual machine, or whatever else speaks vhost-user.
        case vm
        /// In a DPDK secondary process of the daemon's.
        case attached
        /// In a DPDK process of its own, by vhost-user; accelerated over a memif.
        case remote
    }

    public enum SocketMode: String, CaseIterable, Sendable {
        /// The daemon listens.
        case server
        /// The guest listens, and the daemon connects.
        case client
    }

    public var name: String
    public var mac: MACAddress
    public var kind: Kind
    public var socketPath: String
    public var socketMode = SocketMode.server
    public var access = SocketAccess()
    public var vlan: UInt16?
    public var queuePairs = 1
    public var mtu = 1500
    public var isTrusted = false
    public var accelerate: Bool
    public var addresses: [IPAddress] = []
    public var spoofGuard = true
    public var addressGuard = false
    public var ingress: RateLimit?
    public var egress: RateLimit?
    public var stormLimit: Int?
    public var learnedAddresses: Int?
    public var quotas = VifQuotas()
    /// Of an attached guest.
    public var answerLimitMilliseconds: UInt64 = 5000

    public init(name: String, mac: MACAddress, kind: Kind, socketPath: String) {
        self.name = name
        self.mac = mac
        self.kind = kind
        self.socketPath = socketPath
        accelerate = kind == .attached
    }

    /// Of a vif whose settings say nothing about it.
    var acceleratesByDefault: Bool { kind == .attached || kind == .remote && isTrusted }

    /// Of a remote vif: where its guest speaks with the daemon about acceleration.
    public var linkPath: String { socketPath + ".link" }
    /// Of a remote vif: where its guest's VI is, while it has one.
    public var memifPath: String { socketPath + ".vi" }
    /// Bytes that those are longer.
    static let longestSuffix = 5
    /// A remote guest that is trusted may be accelerated.
    public var hasLink: Bool { kind == .remote && isTrusted }

    public var policy: VifPolicy {
        VifPolicy(
            guardsSource: spoofGuard, addresses: addressGuard ? addresses : nil, ingress: ingress, egress: egress,
            stormLimit: stormLimit, maximumLearnedAddresses: learnedAddresses)
    }

    /// As netback takes it.
    public func vifConfiguration(attachment: AttachmentConfiguration?) -> VifConfiguration {
        var vif = VifConfiguration(
            name: name, mac: mac, vlan: vlan, socketPath: socketPath, acceleration: accelerate, attachment: attachment)
        vif.connectsToGuest = socketMode == .client
        vif.queuePairs = queuePairs
        vif.mtu = mtu
        vif.policy = policy
        return vif
    }
}
