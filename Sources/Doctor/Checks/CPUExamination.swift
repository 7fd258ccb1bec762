// SPDX-License-Identifier: BSD-3-Clause
import Control

/// Whether the lcores have CPUs of their own, which the kernel leaves alone.
struct CPUExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        let machine = patient.machine
        guard let daemon = patient.daemon else { return [general(machine)] }
        let count = daemon.configuration.lcores.plan.lcoreCount
        guard let lists = daemon.configuration.lcores.cpus, let cpus = daemon.cpus else {
            let advice = PlacementExamination.advice(patient)
            return [
                Finding(
                    .cpus, .warning,
                    "The lcores may run on any CPU, and share it with whatever runs there.\(advice.map { " In the configuration: \($0)." } ?? "")",
                    evidence: "lcores in the configuration: no cpus")
            ]
        }
        let missing = cpus.subtracting(machine.online)
        guard missing.isEmpty else {
            return [
                Finding(
                    .cpus, .error, about: "CPU \(missing)", "An lcore is to run on a CPU that is not online.",
                    evidence: "/sys/devices/system/cpu/online: \(machine.online)")
            ]
        }
        var all: [Finding] = []
        if cpus.count < count {
            all.append(
                Finding(
                    .cpus, .warning,
                    "\(count) lcores poll on \(cpus.count) CPU\(cpus.count == 1 ? "" : "s"): they take turns, milliseconds each.",
                    evidence: "lcores in the configuration: \(lists.map { "\(CPUSet($0))" }.joined(separator: " "))"))
        }
        all += siblings(cpus, patient)
        let shared = cpus.subtracting(machine.isolated)
        if !shared.isEmpty {
            all.append(Self.finding(shared: shared, cpus, machine))
        } else if case let ticking = cpus.subtracting(machine.tickless).subtracting(CPUSet([0])), !ticking.isEmpty {
            all.append(
                Finding(
                    .cpus, .note, about: "CPU \(ticking)",
                    "The timer interrupts lcores some hundred times a second. The kernel's nohz_full= ends that, from the next start on.",
                    evidence: "/sys/devices/system/cpu/nohz_full: \(machine.tickless)",
                    remedy: Self.remedy(cpus, machine)))
        }
        return all.isEmpty
            ? [Finding(.cpus, .fine, "The lcores have CPUs \(cpus) for themselves.", evidence: "isolated, nohz_full")] : all
    }

    /// The first CPU can't be isolated as a whole: the kernel's timekeeping is there (Documentation/timers/no_hz.rst of Linux).
    private static func finding(shared: CPUSet, _ cpus: CPUSet, _ machine: Machine) -> Finding {
        let evidence = "/sys/devices/system/cpu: online \(machine.online), isolated \(machine.isolated)"
        guard !cpus.contains(0) else {
            let others = machine.online.count > cpus.count
            let advice = others ? "Give the lcores other ones." : "A machine with more CPUs has some to give away."
            return Finding(
                .cpus, .warning, about: "CPU \(shared)",
                "The kernel puts other work on CPUs of lcores, and always on CPU 0. \(advice)",
                evidence: evidence)
        }
        return Finding(
            .cpus, .warning, about: "CPU \(shared)",
            "The kernel puts other work on CPUs of lcores. Its isolcpus= and nohz_full= keep it away, from the next start on.",
            evidence: evidence, remedy: remedy(cpus, machine))
    }

    private func general(_ machine: Machine) -> Finding {
        let evidence =
            "/sys/devices/system/cpu: online \(machine.online), isolated \(machine.isolated), nohz_full \(machine.tickless)"
        if machine.isolated.isEmpty {
            return Finding(
                .cpus, .note,
                "No CPU is kept from other work: lcores would share theirs. Choose some of the NIC's node, and isolate them.",
                evidence: evidence)
        }
        return Finding(.cpus, .fine, "CPUs \(machine.isolated) are kept for lcores.", evidence: evidence)
    }

    /// Two hardware threads of one core halve each other's pace.
    private func siblings(_ cpus: CPUSet, _ patient: Patient) -> [Finding] {
        var told = CPUSet([])
        return cpus.sorted.compactMap { cpu in
            let path = "/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"
            guard let line = patient.host.line(path), let threads = CPUSet(line) else { return nil }
            let both = threads.intersection(cpus)
            guard both.count > 1, !told.contains(cpu) else { return nil }
            told = told.union(both)
            return Finding(
                .cpus, .warning, about: "CPU \(both)",
                "Lcores on hardware threads of one core: each has half of it. Give them cores of their own.",
                evidence: "\(path): \(threads)")
        }
    }

    /// Isolated from the scheduler and from interrupts that can be moved, without timer and callbacks (kernel-parameters.txt of Linux).
    /// nil where the kernel was told of other CPUs: which of them are still needed is for people to say.
    private static func remedy(_ cpus: CPUSet, _ machine: Machine) -> String? {
        guard machine.commandLine.value("isolcpus") == nil, machine.commandLine.value("nohz_full") == nil else { return nil }
        let words = "isolcpus=managed_irq,domain,\(cpus) nohz_full=\(cpus) rcu_nocbs=\(cpus)"
        return #"sed -i 's/^GRUB_CMDLINE_LINUX="/&"# + words + #" /' /etc/default/grub && update-grub"#
    }
}

/// Whether the lcores are on the NIC's node.
struct PlacementExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        guard patient.machine.nodes.count > 1 else { return [] }
        guard let nic = patient.uplink else { return patient.nics.map(Self.place) }
        guard let node = nic.node else {
            return [
                Finding(
                    .placement, .note, about: nic.address, "The firmware does not say which node it is on.",
                    evidence: "/sys/bus/pci/devices/\(nic.address)/numa_node: -1")
            ]
        }
        guard let cpus = patient.daemon?.cpus else { return [Self.place(nic)] }
        let far = cpus.sorted.filter { patient.machine.node(ofCPU: $0) != node }
        let evidence =
            "/sys/bus/pci/devices/\(nic.address)/numa_node: \(node); node\(node)/cpulist: \(members(of: node, patient))"
        guard !far.isEmpty else {
            return [Finding(.placement, .fine, about: nic.address, "The lcores are on its node.", evidence: evidence)]
        }
        let advice = Self.advice(patient).map { " In the configuration: \($0)." } ?? ""
        return [
            Finding(
                .placement, .warning, about: "CPU \(CPUSet(far))",
                "Lcores on another node than the NIC's: each frame crosses between the two.\(advice)",
                evidence: evidence)
        ]
    }

    private static func place(_ nic: NIC) -> Finding {
        let words =
            nic.node.map { "It is on node \($0): lcores and memory belong there." }
            ?? "The firmware does not say which node it is on."
        return Finding(
            .placement, .note, about: nic.address, words,
            evidence: "/sys/bus/pci/devices/\(nic.address)/numa_node: \(nic.node ?? -1)")
    }

    private func members(of node: Int, _ patient: Patient) -> CPUSet {
        patient.machine.nodes.first { $0.number == node }?.cpus ?? CPUSet([])
    }

    /// CPUs for the plan's lcores: of the NIC's node, isolated ones first, one of each core, and never the first, which the kernel needs.
    static func advice(_ patient: Patient) -> String? {
        guard let daemon = patient.daemon else { return nil }
        let machine = patient.machine
        let node = machine.nodes.first { $0.number == patient.uplink?.node }
        let all = (node?.cpus ?? machine.online).intersection(machine.online).subtracting(CPUSet([0]))
        let isolated = all.intersection(machine.isolated)
        var chosen: [Int] = []
        var taken = CPUSet([])
        let order = isolated.sorted + all.subtracting(isolated).sorted
        for cpu in order where !taken.contains(cpu) && chosen.count < daemon.configuration.lcores.plan.lcoreCount {
            chosen.append(cpu)
            let path = "/sys/devices/system/cpu/cpu\(cpu)/topology/thread_siblings_list"
            taken = taken.union(patient.host.line(path).flatMap { CPUSet($0) } ?? CPUSet([cpu]))
        }
        guard chosen.count == daemon.configuration.lcores.plan.lcoreCount else { return nil }
        return "cpus: [\(chosen.map { "\"\($0)\"" }.joined(separator: ", "))]"
    }
}

/// Whether the lcores' CPUs run at full pace.
struct ClockExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        guard let cpus = patient.daemon?.cpus else { return [] }
        let slow = cpus.sorted.compactMap { cpu -> (Int, String)? in
            guard let governor = patient.host.line(Self.path(cpu)), governor != "performance" else { return nil }
            return (cpu, governor)
        }
        guard let first = slow.first else { return [] }
        let paths = slow.map { Self.path($0.0) }.joined(separator: " ")
        return [
            Finding(
                .clock, .warning, about: "CPU \(CPUSet(slow.map(\.0)))",
                "The CPU's frequency follows its load: a poll loop may wait for it to rise.",
                evidence: "\(Self.path(first.0)): \(first.1)", remedy: "echo performance | tee \(paths) > /dev/null")
        ]
    }

    private static func path(_ cpu: Int) -> String { "/sys/devices/system/cpu/cpu\(cpu)/cpufreq/scaling_governor" }
}
