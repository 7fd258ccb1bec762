// SPDX-License-Identifier: BSD-3-Clause

/// An Ethernet controller on the PCI bus.
struct NIC {
    /// domain:bus:device.function
    let address: String
    let vendor: Int
    let device: Int
    /// It is an InfiniBand port for now: Mellanox cards can be either.
    let isInfiniBand: Bool
    /// The kernel's driver; nil: none.
    let kernelDriver: String?
    /// nil: the firmware does not say.
    let node: Int?
    let iommuGroup: String?
    /// Gigatransfers a second and lanes, as they are and as they could be.
    let linkSpeed: String?
    let linkWidth: Int?
    let maximumSpeed: String?
    let maximumWidth: Int?
    /// Of the kernel, while its own driver has the NIC.
    let interfaces: [Interface]

    struct Interface {
        let name: String
        let hasCarrier: Bool?
        /// Mbit/s; nil without a link.
        let speed: Int?
        let hasRoute: Bool
        let hasAddress: Bool
        /// A bond or bridge that it belongs to, or a VLAN's interface over it.
        let upper: String?

        /// Whether the host itself talks by it.
        var isInUse: Bool { evidenceOfUse != nil }
        /// Where that is written; nil: it does not.
        var evidenceOfUse: String? {
            if hasRoute { return "/proc/net/route: \(name)" }
            if hasAddress { return "/proc/net/if_inet6: \(name)" }
            return upper.map { "/sys/class/net/\(name): \($0)" }
        }
    }

    var ids: String { "\(Self.hex(vendor)):\(Self.hex(device))" }
    var family: DriverFamily? { DriverFamily.of(vendor: vendor, device: device) }

    static func all(_ host: any HostFiles) -> [NIC] {
        let folder = "/sys/bus/pci/devices"
        return (host.names(in: folder) ?? []).compactMap { NIC(host, $0, "\(folder)/\($0)") }
    }

    /// nil for what is no Ethernet controller (class 02 00) and no InfiniBand one (02 07), which some Ethernet cards say they are.
    init?(_ host: any HostFiles, _ address: String, _ place: String) {
        guard let kind = host.number("\(place)/class"), kind >> 8 == 0x0200 || kind >> 8 == 0x0207 else { return nil }
        self.address = address
        isInfiniBand = kind >> 8 == 0x0207
        vendor = host.number("\(place)/vendor") ?? 0
        device = host.number("\(place)/device") ?? 0
        kernelDriver = host.target("\(place)/driver")
        node = host.number("\(place)/numa_node").flatMap { $0 < 0 ? nil : $0 }
        iommuGroup = host.target("\(place)/iommu_group")
        linkSpeed = host.line("\(place)/current_link_speed")
        linkWidth = host.number("\(place)/current_link_width")
        maximumSpeed = host.line("\(place)/max_link_speed")
        maximumWidth = host.number("\(place)/max_link_width")
        // A virtio device has its interface one folder below.
        let holders = kernelDriver == "virtio-pci" ? (host.names(in: place) ?? []).filter { $0.hasPrefix("virtio") } : []
        let folders = ["\(place)/net"] + holders.map { "\(place)/\($0)/net" }
        interfaces = folders.flatMap { host.names(in: $0) ?? [] }.map { Interface(host, $0) }
    }

    /// Whether the slot gives the card less than it could take. A NIC of the chipset's own says one lane, and means nothing by it.
    var isLinkReduced: Bool {
        guard let maximumWidth, maximumWidth > 1 else { return false }
        if let linkWidth, linkWidth > 0, linkWidth < maximumWidth { return true }
        guard let now = Self.gigatransfers(linkSpeed), let most = Self.gigatransfers(maximumSpeed) else { return false }
        return now < most
    }

    /// "8.0 GT/s PCIe" and older kernels' "8 GT/s".
    private static func gigatransfers(_ text: String?) -> Double? {
        text?.split(separator: " ").first.flatMap { Double($0) }
    }

    private static func hex(_ value: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension NIC.Interface {
    init(_ host: any HostFiles, _ name: String) {
        self.name = name
        let place = "/sys/class/net/\(name)"
        // Reading the carrier of an interface that is down is an error, and so is nil.
        hasCarrier = host.number("\(place)/carrier").map { $0 == 1 }
        speed = host.number("\(place)/speed").flatMap { $0 > 0 ? $0 : nil }
        hasRoute = Self.rows(host, "/proc/net/route").contains { $0.first == name }
        // Columns: address, index, prefix, scope, flags, name. Scope 20 is a link-local address, which every interface has.
        hasAddress = Self.rows(host, "/proc/net/if_inet6").contains { $0.count >= 6 && $0[5] == name && $0[3] == "00" }
        upper = (host.names(in: place) ?? []).first { $0.hasPrefix("upper_") }
    }

    private static func rows(_ host: any HostFiles, _ path: String) -> [[String]] {
        (host.text(path) ?? "").split(whereSeparator: \.isNewline).map { line in
            line.split(whereSeparator: \.isWhitespace).map(String.init)
        }
    }
}
