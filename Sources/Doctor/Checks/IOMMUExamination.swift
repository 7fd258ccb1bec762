// SPDX-License-Identifier: BSD-3-Clause

/// Whether a device can be held to the memory that it was given. vfio-pci needs it.
struct IOMMUExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        guard patient.nics.contains(where: { $0.family?.isBifurcated != true }) else { return [] }
        return [unit(patient)] + groups(patient)
    }

    private func unit(_ patient: Patient) -> Finding {
        let host = patient.host
        let machine = patient.machine
        if let units = host.names(in: "/sys/class/iommu"), !units.isEmpty {
            let words = units.prefix(4).joined(separator: ", ") + (units.count > 4 ? " and \(units.count - 4) more" : "")
            return Finding(.iommu, .fine, "It is on.", evidence: "/sys/class/iommu: \(words)")
        }
        if host.line("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode") == "Y" {
            return Finding(
                .iommu, .warning,
                "vfio works without one: the NIC, and whoever programs it, can write to all of the host's memory.",
                evidence: "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode: Y, /sys/class/iommu: empty")
        }
        let evidence = "/sys/class/iommu: empty; /proc/cmdline: \(machine.commandLine.text)"
        let severity = patient.severityForNICs
        if machine.processor.isVirtual {
            let text =
                "This virtual machine has none: vfio-pci takes no NIC. Give it one (QEMU: -device intel-iommu), or use vfio's mode without."
            return Finding(
                .iommu, severity, text, evidence: evidence,
                remedy: "modprobe vfio && echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode")
        }
        if machine.processor.isIntel, machine.commandLine.value("intel_iommu")?.split(separator: ",").contains("on") != true {
            return Finding(
                .iommu, severity, "The kernel was not told to use it: vfio-pci takes no NIC. A reboot is needed.",
                evidence: evidence,
                remedy: #"sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#)
        }
        let name = machine.processor.isIntel ? "VT-d" : machine.processor.isAMD ? "AMD-Vi (IOMMU)" : "the IOMMU"
        return Finding(
            .iommu, severity, "The kernel found none: vfio-pci takes no NIC. Switch \(name) on in the firmware's set-up.",
            evidence: evidence)
    }

    /// vfio gives a group away as a whole: each of its devices must be bound to vfio-pci, or to no driver, or be a bridge.
    private func groups(_ patient: Patient) -> [Finding] {
        patient.nics.compactMap { nic in
            guard nic.family?.isBifurcated != true, let group = nic.iommuGroup else { return nil }
            let folder = "/sys/kernel/iommu_groups/\(group)/devices"
            let others = (patient.host.names(in: folder) ?? []).filter { other in
                guard other != nic.address else { return false }
                let place = "/sys/bus/pci/devices/\(other)"
                // Class 06 is a bridge.
                guard let kind = patient.host.number("\(place)/class"), kind >> 16 != 0x06 else { return false }
                guard let driver = patient.host.target("\(place)/driver") else { return false }
                return driver != "vfio-pci"
            }
            guard !others.isEmpty else { return nil }
            let list = others.joined(separator: " ")
            // A command that would cut the host off, from its network or from its disks, is none.
            let areSpare = others.allSatisfy { other in
                patient.machine.nics.contains { $0.address == other && !$0.interfaces.contains(where: \.isInUse) }
            }
            return Finding(
                .iommu, patient.severityForNICs, about: nic.address,
                "Its IOMMU group has other devices with drivers of the kernel's, so vfio won't open it. Bind them too, if the host can do without.",
                evidence: "\(folder): \(nic.address) \(list)", remedy: areSpare ? Binding.command(list) : nil)
        }
    }
}
