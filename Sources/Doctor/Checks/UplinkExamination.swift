// SPDX-License-Identifier: BSD-3-Clause

/// Whether the daemon's uplink is there at all.
struct UplinkExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        uplink(patient) + patient.nics.filter(\.isInfiniBand).map { mode($0, patient) }
    }

    /// LINK_TYPE 2 is Ethernet (doc/guides/platform/mlx5.rst of DPDK).
    private func mode(_ nic: NIC, _ patient: Patient) -> Finding {
        Finding(
            .uplink, patient.daemon == nil ? .note : .error, about: nic.address,
            "It is an InfiniBand port, of no use here. It becomes an Ethernet port at the next reboot after the command.",
            evidence: "/sys/bus/pci/devices/\(nic.address)/class: 0x020700",
            remedy: "mlxconfig --yes -d \(nic.address) set LINK_TYPE_P1=2")
    }

    private func uplink(_ patient: Patient) -> [Finding] {
        let all = patient.machine.nics
        let list = all.isEmpty ? "no Ethernet controller" : all.map { "\($0.address) [\($0.ids)]" }.joined(separator: ", ")
        let evidence = "/sys/bus/pci/devices: \(list)"
        guard let daemon = patient.daemon else {
            if patient.nics.isEmpty {
                return [
                    Finding(
                        .uplink, .note,
                        "No NIC that a known driver of DPDK's serves: a NIC in software works, and guests are steered by the processor.",
                        evidence: evidence)
                ]
            }
            return []
        }
        guard let address = daemon.uplinkAddress else {
            return [
                Finding(
                    .uplink, .note, "The uplink is no PCI device: nothing of a NIC's was checked.",
                    evidence: "uplinks in the configuration")
            ]
        }
        guard let nic = patient.uplink else {
            return [
                Finding(
                    .uplink, .error, about: address,
                    "There is no such Ethernet controller. Give the configuration's uplink one of those that are there.",
                    evidence: evidence)
            ]
        }
        guard let family = nic.family else {
            return [
                Finding(
                    .uplink, .warning, about: address,
                    "Nothing is known of this NIC: if DPDK has a driver for it, guests are steered by the processor (form F).",
                    evidence: "/sys/bus/pci/devices/\(address): \(nic.ids)")
            ]
        }
        if nic.isInfiniBand { return [] }
        return [
            Finding(
                .uplink, .fine, about: address, "\(family.name), DPDK's driver \(family.driver).",
                evidence: "/sys/bus/pci/devices/\(address): \(nic.ids)")
        ]
    }
}
