// SPDX-License-Identifier: BSD-3-Clause
import Control

/// Huge pages by node, and where they are mounted.
struct HugepageExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] { pages(patient) + mount(patient) }

    /// How bad it is that there are too few; nil: nobody wants any.
    private func severity(_ patient: Patient) -> Severity? {
        guard let configuration = patient.daemon?.configuration else { return patient.nics.isEmpty ? nil : .warning }
        switch configuration.memory.pages {
        case .ordinary: return nil
        case .hugepages, .shared: return .error
        case nil: return configuration.attachedVifs.isEmpty && !configuration.capture ? .warning : .error
        }
    }

    private func pages(_ patient: Patient) -> [Finding] {
        let evidence = patient.machine.nodes.map(Self.words).joined(separator: "; ")
        guard let severity = severity(patient) else {
            return [Finding(.hugepages, .note, "Not needed: DPDK's memory will be on ordinary pages.", evidence: evidence)]
        }
        guard let node = home(patient) else { return [] }
        let need = patient.daemon?.megabytes ?? 1024
        if node.freeMegabytes >= need {
            return [Finding(.hugepages, .fine, about: "node \(node.number)", "\(need) MB are free.", evidence: evidence)]
        }
        let all = patient.machine.nodes.reduce(0) { $0 + $1.freeMegabytes }
        let elsewhere = all >= need
        let text =
            elsewhere
            ? "\(need) MB are wanted on the node of the NIC and its lcores, where only \(node.freeMegabytes) MB are free: memory would be another node's."
            : "\(need) MB are wanted, and \(node.freeMegabytes) MB are free\(severity == .error ? "" : ": ordinary pages would be used, which are slower")."
        return [
            Finding(
                .hugepages, elsewhere ? .warning : severity, about: "node \(node.number)", text, evidence: evidence,
                remedy: remedy(node, need: need))
        ]
    }

    /// The node that the memory should be on.
    private func home(_ patient: Patient) -> Node? {
        let machine = patient.machine
        let cpu = patient.daemon?.cpus?.sorted.first
        let number = patient.nics.lazy.compactMap(\.node).first ?? cpu.flatMap(machine.node(ofCPU:))
        return machine.nodes.first { $0.number == number } ?? machine.nodes.first
    }

    /// More of the smallest pages, which the kernel can often find while it runs.
    private func remedy(_ node: Node, need: Int) -> String? {
        guard let pages = node.pages.first else { return nil }
        let missing = (need - node.freeMegabytes) * 1024
        let total = pages.total + (missing + pages.kilobytes - 1) / pages.kilobytes
        return "echo \(total) > \(node.folder)/hugepages-\(pages.kilobytes)kB/nr_hugepages"
    }

    private func mount(_ patient: Patient) -> [Finding] {
        let mounts = (patient.host.text("/proc/self/mounts") ?? "").split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 2 && words[2] == "hugetlbfs" ? String(words[1]) : nil
        }
        guard mounts.isEmpty else {
            let places = mounts.joined(separator: ", ")
            return [Finding(.hugepages, .fine, "hugetlbfs is mounted.", evidence: "/proc/self/mounts: \(places)")]
        }
        guard let severity = severity(patient) else { return [] }
        return [
            Finding(
                .hugepages, severity, "hugetlbfs is not mounted: huge pages can't be had.",
                evidence: "/proc/self/mounts: no hugetlbfs",
                remedy: "mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages")
        ]
    }

    private static func words(_ node: Node) -> String {
        let sizes = node.pages.map { "\($0.free) of \($0.total) pages of \($0.kilobytes) kB free" }
        return "node \(node.number): " + (sizes.isEmpty ? "no huge pages in this kernel" : sizes.joined(separator: ", "))
    }
}
