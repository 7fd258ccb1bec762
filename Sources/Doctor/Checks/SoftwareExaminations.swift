// SPDX-License-Identifier: BSD-3-Clause

/// The version of DPDK.
struct DPDKExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        let numbers = patient.dpdk.split(separator: " ").last?.split(separator: ".").compactMap { Int($0) } ?? []
        let isKnown = numbers.count >= 2 && (numbers[0], numbers[1]) >= (22, 11) && (numbers[0], numbers[1]) <= (24, 11)
        guard isKnown else {
            return [
                Finding(
                    .dpdk, .warning, "Drivers of this version were not read: what is known of their limits is of 22.11 to 24.11.",
                    evidence: "rte_version: \(patient.dpdk)")
            ]
        }
        return [Finding(.dpdk, .fine, "A version that Viaduct knows.", evidence: "rte_version: \(patient.dpdk)")]
    }
}

/// What the processor can do that DPDK is built for (Debian: SSE4.2) or is faster with.
struct ProcessorExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        let processor = patient.machine.processor
        let evidence = "/proc/cpuinfo: \(processor.model)"
        guard !processor.flags.isEmpty else {
            return [Finding(.processor, .note, "The kernel prints no processor flags: nothing was checked.", evidence: evidence)]
        }
        guard processor.flags.contains("sse4_2") else {
            let text = "DPDK is built for SSE4.2 and would end at once. A virtual machine needs a newer processor model."
            return [Finding(.processor, .error, text, evidence: "\(evidence), no sse4_2")]
        }
        var all: [Finding] = []
        let steady = ["constant_tsc", "nonstop_tsc"].filter { !processor.flags.contains($0) }
        if !steady.isEmpty {
            all.append(
                Finding(
                    .processor, .warning, "The time stamp counter, which lcores tell time by, may change its pace.",
                    evidence: "\(evidence), no \(steady.joined(separator: " "))"))
        }
        if !processor.flags.contains("avx2") {
            all.append(
                Finding(
                    .processor, .note, "Drivers receive by SSE: some frames a second fewer than by AVX2.",
                    evidence: "\(evidence), no avx2"))
        }
        return all.isEmpty ? [Finding(.processor, .fine, "It has what DPDK uses.", evidence: evidence)] : all
    }
}

/// How much memory a user may lock. What vfio maps for a device counts, except for root (Documentation/driver-api/vfio.rst of Linux).
struct MemlockExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        guard patient.nics.contains(where: { $0.family?.isBifurcated == false }), !patient.machine.isRoot else { return [] }
        let line = patient.host.text("/proc/self/limits")?.split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("Max locked memory")
        }
        guard let line else { return [] }
        // Soft and hard limit, and the unit.
        let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
        guard let soft = words.dropFirst(3).first else { return [] }
        let evidence = "/proc/self/limits: Max locked memory \(soft)"
        let need = (patient.daemon?.megabytes ?? 256) << 20
        guard soft != "unlimited", Int(soft).map({ $0 < need }) ?? true else {
            return [Finding(.memlock, .fine, "Enough memory may be locked.", evidence: evidence)]
        }
        return [
            Finding(
                .memlock, patient.severityForNICs,
                "Not root, and may lock less memory than a NIC is given: vfio would refuse to map it. Raise memlock in /etc/security/limits.conf, or LimitMEMLOCK of a systemd unit.",
                evidence: evidence)
        ]
    }
}
