// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel
public import Wire

/// A guest's paravirtual interface, as plugins see it.
public struct VifDescription: Sendable, Equatable {
    public let id: UInt32
    public let name: String
    public let mac: MACAddress
    /// VLAN identifier, 1 to 4094; nil when untagged.
    public let vlan: UInt16?
    /// The guest's process is of another memory domain: nothing but a device of its own can be granted to it.
    public var isRemote = false
    /// For a frontend: the pool that the guest's mbufs come from; empty on the host's side.
    public var mempool = ""

    public init(id: UInt32, name: String, mac: MACAddress, vlan: UInt16? = nil) {
        self.id = id
        self.name = name
        self.mac = mac
        self.vlan = vlan
    }

    /// What came through the ABI.
    public init(_ vif: viaduct_vif) {
        id = vif.id
        name = CText.read(vif.name)
        let octets = [vif.mac.0, vif.mac.1, vif.mac.2, vif.mac.3, vif.mac.4, vif.mac.5]
        mac = MACAddress(rawValue: octets.reduce(0) { $0 << 8 | UInt64($1) })
        vlan = vif.vlan == 0 ? nil : vif.vlan
        isRemote = vif.flags & VIADUCT_VIF_REMOTE != 0
        mempool = CText.read(vif.mempool)
    }

    public var c: viaduct_vif {
        var vif = viaduct_vif()
        vif.id = id
        vif.vlan = vlan ?? 0
        let raw = mac.rawValue
        func octet(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: raw >> shift) }
        vif.mac = (octet(40), octet(32), octet(24), octet(16), octet(8), octet(0))
        CText.write(name, to: &vif.name)
        vif.flags = isRemote ? VIADUCT_VIF_REMOTE : 0
        CText.write(mempool, to: &vif.mempool)
        return vif
    }
}

/// Text in the fixed-size character arrays of the ABI.
enum CText {
    static func read<T>(_ characters: T) -> String {
        var copy = characters
        return unsafe withUnsafeBytes(of: &copy) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// Cuts off at a character's boundary what does not fit.
    static func write<T>(_ text: String, to characters: inout T) {
        unsafe withUnsafeMutableBytes(of: &characters) { bytes in
            for index in bytes.indices { unsafe bytes[index] = 0 }
            var kept: [UInt8] = []
            for character in text {
                let encoded = Array(character.utf8)
                if kept.count + encoded.count >= bytes.count { break }
                kept += encoded
            }
            unsafe bytes.copyBytes(from: kept)
        }
    }
}
