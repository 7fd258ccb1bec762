// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// One address that the switch knows, for status.
public struct ForwardingEntry: Sendable, Hashable {
    public enum Port: Sendable, Hashable {
        case uplink
        /// A vif's number.
        case vif(UInt32)
    }

    public let mac: MACAddress
    /// nil for untagged frames.
    public let vlan: UInt16?
    public let port: Port
    /// A vif's own address: it neither ages nor moves.
    public let isStatic: Bool
    /// Whole seconds since a frame came from the address; 0 for a static one.
    public let ageSeconds: Int

    init(key: UInt64, port: UInt64, age: UInt64) {
        mac = MACAddress(rawValue: key & 0xFFFF_FFFF_FFFF)
        let tag = UInt16(truncatingIfNeeded: key >> 48)
        vlan = tag == 0 ? nil : tag
        self.port = Int32(truncatingIfNeeded: port) < 0 ? .uplink : .vif(UInt32(truncatingIfNeeded: port >> 32))
        isStatic = age >> 63 == 1
        ageSeconds = isStatic ? 0 : Int(age)
    }
}
