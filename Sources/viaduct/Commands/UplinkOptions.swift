// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control

/// The host's port to the wire: a NIC in software with a device behind it, or a device as it is.
struct UplinkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The wire: a virtual device of DPDK's with its arguments, such as net_tap0,iface=wire0.", valueName: "device"))
    var wire: String?
    @Option(
        help: ArgumentHelp(
            """
            In place of --wire and the NIC in software: a port as it is, by the PCI address of a NIC bound to vfio-pci or as a virtual \
            device, such as net_af_packet0,iface=eth1 with --virtual-interfaces 0.
            """, valueName: "device"))
    var uplink: String?

    /// The name and the arguments of the wire's device, or of a virtual uplink.
    var device: (name: String, arguments: String) {
        let text = wire ?? uplink ?? ""
        guard let comma = text.firstIndex(of: ",") else { return (text, "") }
        return (String(text[..<comma]), String(text[text.index(after: comma)...]))
    }

    /// Throws unless one of them names a device; `words` say what to give.
    func check(_ words: String) throws {
        guard (wire == nil) != (uplink == nil) else { throw ValidationError(words) }
        guard !device.name.isEmpty else { throw ValidationError("--wire and --uplink need the name of a device.") }
    }

    /// What they name.
    func settings(_ nic: NICOptions) -> UplinkSettings.Device {
        if let uplink { return .virtual(uplink) }
        return .softNIC(nic.family, wire: wire ?? "", seed: nic.seed)
    }
}
