// SPDX-License-Identifier: BSD-3-Clause

/// A host's processors, memory and network cards, as its kernel describes them (Documentation/ABI of Linux: sysfs-devices-system-cpu,
/// sysfs-kernel-mm-hugepages, sysfs-bus-pci).
struct Machine {
    let nodes: [Node]
    let online: CPUSet
    let isolated: CPUSet
    let tickless: CPUSet
    let commandLine: KernelCommandLine
    let processor: Processor
    let nics: [NIC]
    let isRoot: Bool

    init(_ host: any HostFiles) {
        online = Self.cpus(host, "online") ?? CPUSet([0])
        isolated = Self.cpus(host, "isolated") ?? CPUSet([])
        tickless = Self.cpus(host, "nohz_full") ?? CPUSet([])
        commandLine = KernelCommandLine(host.line("/proc/cmdline") ?? "")
        processor = Processor(host.text("/proc/cpuinfo") ?? "")
        nodes = Node.all(host, online: online)
        nics = NIC.all(host)
        isRoot = Self.isRoot(host.text("/proc/self/status") ?? "")
    }

    /// The node that a CPU belongs to.
    func node(ofCPU cpu: Int) -> Int? { nodes.first { $0.cpus.contains(cpu) }?.number }

    /// The effective user, the second of the four.
    private static func isRoot(_ status: String) -> Bool {
        let line = status.split(whereSeparator: \.isNewline).first { $0.hasPrefix("Uid:") }
        let users = line?.split(whereSeparator: \.isWhitespace).dropFirst().map(String.init) ?? []
        return users.count > 1 && users[1] == "0"
    }

    /// "(null)" is what kernels before 4.20 print for no CPU.
    private static func cpus(_ host: any HostFiles, _ name: String) -> CPUSet? {
        host.text("/sys/devices/system/cpu/\(name)").flatMap { CPUSet($0.trimmingBlanks) }
    }
}

/// What the kernel was started with.
struct KernelCommandLine {
    let text: String
    private let words: [String]

    init(_ text: String) {
        self.text = text
        words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    func has(_ word: String) -> Bool { words.contains(word) }

    /// What follows `name=`, in the last place.
    func value(_ name: String) -> String? {
        words.last { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}

/// What `/proc/cpuinfo` says of the first processor.
struct Processor {
    let isIntel: Bool
    let isAMD: Bool
    /// Empty where the kernel prints none.
    let flags: Set<String>
    let model: String
    /// The kernel runs in a virtual machine.
    var isVirtual: Bool { flags.contains("hypervisor") }

    init(_ text: String) {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].trimmingBlanks
            if fields[name] == nil { fields[name] = line[line.index(after: colon)...].trimmingBlanks }
        }
        isIntel = fields["vendor_id"] == "GenuineIntel"
        isAMD = fields["vendor_id"] == "AuthenticAMD" || fields["vendor_id"] == "HygonGenuine"
        flags = Set((fields["flags"] ?? "").split(separator: " ").map(String.init))
        model = fields["model name"] ?? "unknown"
    }
}
