// SPDX-License-Identifier: BSD-3-Clause

/// Commands that give NICs to DPDK and back.
enum Binding {
    static func command(_ addresses: String) -> String { "modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci \(addresses)" }
    static func command(_ address: String, kernelDriver: String) -> String { "dpdk-devbind.py --bind=\(kernelDriver) \(address)" }
}

/// Which driver has the NIC now.
struct BindingExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] { patient.nics.map { finding($0, patient) } }

    private func finding(_ nic: NIC, _ patient: Patient) -> Finding {
        let driver = nic.kernelDriver ?? "no driver"
        let evidence = "/sys/bus/pci/devices/\(nic.address)/driver: \(driver)"
        if let family = nic.family, family.isBifurcated {
            if nic.kernelDriver == family.kernelDriver {
                return Finding(
                    .binding, .fine, about: nic.address, "\(driver) has it, and shares it with DPDK.", evidence: evidence)
            }
            return Finding(
                .binding, patient.severityForNICs, about: nic.address,
                "DPDK uses this NIC beside the kernel's driver, which must have it.",
                evidence: evidence, remedy: Binding.command(nic.address, kernelDriver: family.kernelDriver))
        }
        switch nic.kernelDriver {
        case "vfio-pci": return Finding(.binding, .fine, about: nic.address, "It is DPDK's.", evidence: evidence)
        case "uio_pci_generic", "igb_uio":
            return Finding(
                .binding, .warning, about: nic.address,
                "It is DPDK's by a driver without an IOMMU: the NIC can write to all of the host's memory.",
                evidence: evidence, remedy: Binding.command(nic.address))
        default: break
        }
        if let interface = nic.interfaces.first(where: \.isInUse), let use = interface.evidenceOfUse {
            return Finding(
                .binding, patient.daemon == nil ? .note : .error, about: nic.address,
                "The host itself talks by its interface \(interface.name): move addresses and routes to another one before it is bound to vfio-pci.",
                evidence: "\(evidence); \(use)")
        }
        let text = nic.kernelDriver == nil ? "No driver has it." : "The kernel's driver has it; DPDK can't use it."
        return Finding(
            .binding, patient.daemon == nil ? .note : .error, about: nic.address, text, evidence: evidence,
            remedy: Binding.command(nic.address))
    }
}
