// SPDX-License-Identifier: BSD-3-Clause

/// The cable and the slot. The cable's state is known while a driver of the kernel's has the NIC.
struct LinkExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] { patient.nics.flatMap { slot($0) + cables($0) } }

    private func slot(_ nic: NIC) -> [Finding] {
        guard nic.isLinkReduced else { return [] }
        let now = "\(nic.linkSpeed ?? "?") x\(nic.linkWidth ?? 0)"
        let most = "\(nic.maximumSpeed ?? "?") x\(nic.maximumWidth ?? 0)"
        return [
            Finding(
                .link, .warning, about: nic.address, "Its PCI Express link is slower than it could be: try another slot.",
                evidence: "/sys/bus/pci/devices/\(nic.address): \(now), at most \(most)")
        ]
    }

    private func cables(_ nic: NIC) -> [Finding] {
        nic.interfaces.compactMap { interface in
            let place = "/sys/class/net/\(interface.name)"
            guard let hasCarrier = interface.hasCarrier else {
                return Finding(
                    .link, .note, about: nic.address,
                    "Its interface \(interface.name) is down: whether a cable has a link is not known.",
                    evidence: "\(place)/carrier: unreadable")
            }
            guard hasCarrier else {
                return Finding(
                    .link, .warning, about: nic.address, "No link: look at cable, transceiver and the other end.",
                    evidence: "\(place)/carrier: 0")
            }
            guard let speed = interface.speed else { return nil }
            let evidence = "\(place)/speed: \(speed)"
            // What a family can't do is told with its form of steering.
            guard speed < 10_000, nic.family?.driver != "net_e1000_igb" else {
                return Finding(.link, .fine, about: nic.address, "A link of \(speed) Mbit/s.", evidence: evidence)
            }
            return Finding(.link, .warning, about: nic.address, "A link of \(speed) Mbit/s, not 10 Gbit/s.", evidence: evidence)
        }
    }
}
