// SPDX-License-Identifier: BSD-3-Clause

/// What the backend hands to the frontend so that it can open its VI.
public enum Grant: Hashable, Sendable {
    /// A queue pair of a port in the backend's own memory domain. The VI's owner alone touches the mempool.
    /// `mempool` is at most ``ControlProtocol/maximumMempoolName`` octets.
    case queuePair(port: UInt16, rxQueue: UInt16, txQueue: UInt16, mempool: String)
    /// A device of its own, for the guest to plug and to poll (PCI function, memif, AF_XDP queue).
    /// `devargs` is at most ``ControlProtocol/maximumDeviceArguments`` octets.
    case device(devargs: String)
}

extension Grant {
    /// Whether this grant can be encoded: names not empty, within their limits, and free of control characters,
    /// which a C string or a log could not carry.
    public var isEncodable: Bool {
        switch self {
        case .queuePair(_, _, _, let mempool):
            return ControlText.isName(mempool, limit: ControlProtocol.maximumMempoolName)
        case .device(let devargs):
            return ControlText.isName(devargs, limit: ControlProtocol.maximumDeviceArguments)
        }
    }
}
