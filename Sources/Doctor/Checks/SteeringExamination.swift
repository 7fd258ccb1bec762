// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Control

/// Which form of steering to expect of a NIC, before the NIC itself has been asked.
struct SteeringExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        patient.nics.compactMap { nic in
            guard let family = nic.family else { return nil }
            let allowsPools = patient.daemon?.configuration.uplink.allowsPools ?? true
            let forms = family.forms.filter { allowsPools || $0 != .addressPool }
            let ladder = forms.map { "\($0.rawValue) (\($0.coverage))" }
            let text = "\(family.name): form \(ladder.joined(separator: "; else ")). \(family.limits.joined(separator: " "))"
            return Finding(
                .steering, .note, about: nic.address, text,
                evidence: "/sys/bus/pci/devices/\(nic.address): \(nic.ids), \(family.driver)"
            )
        }
    }
}
