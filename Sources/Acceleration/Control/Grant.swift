// SPDX-License-Identifier: BSD-3-Clause

/// What the backend hands to the frontend so that it can open its VI.
public enum Grant: Hashable, Sendable {
    /// A queue pair of a port in the backend's own memory domain. The VI's owner alone touches the mempool.
    /// `mempool` is at most ``ControlProtocol/maximumMempoolName`` octets.
    /// `vlan` is the one whose tag frames carry on the VI, 1 to 4094; nil when they are untagged, as the guest's always are.
    case queuePair(port: UInt16, rxQueue: UInt16, txQueue: UInt16, mempool: String, vlan: UInt16? = nil)
    /// A device of its own, for the guest to plug and to poll (PCI function, memif, AF_XDP queue).
    /// `devargs` is at most ``ControlProtocol/maximumDeviceArguments`` octets.
    case device(devargs: String)
}

extension Grant {
    /// Identifiers that a VLAN may have (IEEE Std 802.1Q, table 9-2).
    static let vlans: ClosedRange<UInt16> = 1...4094

    /// Whether this grant can be encoded: names not empty, within their limits, and free of control characters,
    /// which a C string or a log could not carry.
    public var isEncodable: Bool {
        switch self {
        case .queuePair(_, _, _, let mempool, let vlan):
            return ControlText.isName(mempool, limit: ControlProtocol.maximumMempoolName) && vlan.map(Self.vlans.contains) ?? true
        case .device(let devargs):
            return ControlText.isName(devargs, limit: ControlProtocol.maximumDeviceArguments)
        }
    }
}
