// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel
import Wire

extension FlowSelector {
    /// As the plugin ABI passes it.
    public var c: viaduct_flow {
        var flow = viaduct_flow()
        flow.port = port
        flow.ip_version = isIPv6 ? 6 : 4
        flow.protocol = transport.rawValue
        unsafe withUnsafeMutableBytes(of: &flow.address) { bytes in
            for index in 0..<(isIPv6 ? 16 : 4) {
                let word = isIPv6 ? (index < 8 ? high : low) : low << 32
                unsafe bytes[index] = UInt8(truncatingIfNeeded: word >> UInt64(56 - index % 8 * 8))
            }
        }
        return flow
    }

    /// nil when a field has a value that means nothing.
    public init?(_ flow: viaduct_flow) {
        let transport = IPProtocol(rawValue: flow.protocol)
        guard transport == .udp || transport == .tcp else { return nil }
        var address = flow.address
        let words = unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe (
                UInt64(bigEndian: bytes.load(fromByteOffset: 0, as: UInt64.self)),
                UInt64(bigEndian: bytes.load(fromByteOffset: 8, as: UInt64.self))
            )
        }
        switch flow.ip_version {
        case 4: self.init(IPv4Address(rawValue: UInt32(truncatingIfNeeded: words.0 >> 32)), transport, port: flow.port)
        case 6: self.init(IPv6Address(high: words.0, low: words.1), transport, port: flow.port)
        default: return nil
        }
    }
}
