// SPDX-License-Identifier: BSD-3-Clause
import SoftNIC

extension UplinkSettings {
    /// Exactly one is read; nil when there is none that could be.
    init?(_ top: SectionReader<FileKey>) {
        guard top.has(.uplinks) else {
            top.complain(.uplinks, "is missing: name the port to the wire")
            return nil
        }
        guard let found = top.subtree(.uplinks) else { return nil }
        guard case .list(let uplinks) = found.value else {
            top.complain(.uplinks, "must be a list: begin the uplink with \"- \"")
            return nil
        }
        if uplinks.count != 1 {
            top.complain(.uplinks, "\(uplinks.count) uplinks are not supported yet: name one")
        }
        let all = uplinks.enumerated().map { index, tree in
            UplinkSettings(
                SectionReader<UplinkKey>(tree, line: tree.line, path: "\(top.path(.uplinks))[\(index)]", top.list))
        }
        guard let first = all.first, let first else { return nil }
        self = first
    }

    private init?(_ reader: SectionReader<UplinkKey>) {
        let mtu: Int? = reader.integer(.mtu, 68...9000, unit: "bytes")
        let interfaces: Int? = reader.integer(.virtualInterfaces, 0...Self.maximumVirtualInterfaces)
        let allowsPools = reader.flag(.vmdq)
        let offloads = reader.flag(.offloads)
        let named = [UplinkKey.pci, .device, .softnic].filter(reader.has)
        guard named.count == 1 else {
            let words = named.isEmpty ? "names no port" : "names \(named.count) ports"
            reader.complain("\(words): give one of pci, device and softnic")
            return nil
        }
        guard let device = Self.device(reader, named[0]) else { return nil }
        self.init(device: device)
        self.mtu = mtu ?? self.mtu
        virtualInterfaces = interfaces
        self.allowsPools = allowsPools ?? true
        self.offloads = offloads ?? true
    }

    private static func device(_ reader: SectionReader<UplinkKey>, _ key: UplinkKey) -> Device? {
        switch key {
        case .pci:
            return reader.value(key, "a PCI address such as 0000:03:00.0", isPCIAddress).map(Device.pci)
        case .device:
            return reader.value(key, Self.deviceWords, isDevice).map(Device.virtual)
        default:
            guard let nic = reader.section(key, SoftNICKey.self) else { return nil }
            let personality = nic.has(.personality) ? nic.word(.personality, Personality.self) : .sfc
            let seed: UInt64? = nic.has(.seed) ? nic.integer(.seed, 0...UInt64.max) : 1
            if !nic.has(.wire) { nic.complain(.wire, "is missing: name the device behind the NIC, such as net_tap0,iface=wire0") }
            guard let wire = nic.value(.wire, Self.deviceWords, isDevice), let personality, let seed else { return nil }
            return .softNIC(personality, wire: wire, seed: seed)
        }
    }

    private static let deviceWords = "a virtual device of DPDK's with its arguments, such as net_tap0,iface=wire0"

    private static func isPCIAddress(_ text: String) -> String? {
        text.wholeMatch(of: /([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]/) == nil ? nil : text
    }

    private static func isDevice(_ text: String) -> String? {
        text.wholeMatch(of: /[a-z][a-zA-Z0-9_]*(,[^\n\r]*)?/) == nil ? nil : text
    }
}
