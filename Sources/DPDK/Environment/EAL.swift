// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK
import Foundation

/// Memory that the EAL's heap is made of.
public enum EALMemory: Sendable, Equatable {
    /// Ordinary pages in a memfd (`--no-huge`): needs neither root nor hugepages; vhost-user works over it.
    case ordinaryPages(megabytes: Int)
    /// Hugepages without files in hugetlbfs (`--in-memory`), so nothing is left behind when the process dies.
    case hugepages(megabytes: Int)
    /// Hugepages as files in hugetlbfs, which attached processes map, too: all of it at start, none later. Needs root.
    case shared(megabytes: Int, filePrefix: String)
    /// Those of the host with that prefix: this process is attached to it.
    case attached(filePrefix: String)

    /// Hugepages when at least `megabytes` of them are free, else ordinary pages.
    public static func preferred(megabytes: Int) -> EALMemory {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else {
            return .ordinaryPages(megabytes: megabytes)
        }
        var fields: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == ":" })
            if words.count >= 2, let value = Int(words[1]) { fields[words[0]] = value }
        }
        let free = (fields["HugePages_Free"] ?? 0) * (fields["Hugepagesize"] ?? 0) / 1024
        return free >= megabytes && geteuid() == 0 ? .hugepages(megabytes: megabytes) : .ordinaryPages(megabytes: megabytes)
    }
}

/// How the EAL starts (DPDK Programmer's Guide, "Environment Abstraction Layer").
public struct EALConfiguration: Sendable {
    /// Worker lcores, each with the CPUs that it may run on. Lcore 0 is the main lcore: it never polls.
    public var workers: [[Int]]
    public var memory: EALMemory
    /// Scans the PCI bus for NICs. Off where all ports are virtual.
    public var usesPCI: Bool
    /// The main lcore's id; the workers' follow. Each process of an EAL has its own.
    public var firstLcore = 0
    /// Names the EAL's folder, and with it its telemetry socket, where ``memory`` has no name for it: of no other process that runs. nil:
    /// DPDK's own name.
    public var filePrefix: String?
    /// Whether a thread of the EAL's answers telemetry clients (DPDK Programmer's Guide, "Telemetry Library"). See ``Telemetry``.
    public var hasTelemetry = false
    /// More arguments, as on a DPDK application's command line.
    public var extraArguments: [String]

    public init(workers: [[Int]], memory: EALMemory, usesPCI: Bool = false, extraArguments: [String] = []) {
        self.workers = workers
        self.memory = memory
        self.usesPCI = usesPCI
        self.extraArguments = extraArguments
    }

    /// The control plane keeps off the CPUs that poll, where others are left to it.
    var mainProcessors: [Int] {
        let rest = Set(Processors.allowed).subtracting(workers.joined())
        return rest.isEmpty ? Processors.allowed : rest.sorted()
    }

    var arguments: [String] {
        let lcores = ([mainProcessors] + workers).enumerated().map { index, set in
            "\(firstLcore + index)@(\(set.map(String.init).joined(separator: ",")))"
        }
        var arguments = [
            "viaduct", "--lcores", lcores.joined(separator: ","), "--main-lcore", String(firstLcore), "--iova-mode=va",
        ]
        switch memory {
        case .ordinaryPages(let megabytes): arguments += ["--no-huge", "--no-shconf", "-m", String(megabytes)]
        case .hugepages(let megabytes): arguments += ["--in-memory", "--single-file-segments", "-m", String(megabytes)]
        case .shared(let megabytes, let prefix):
            // A heap that grows would have to ask every attached process, and wait for those that are stopped.
            let limits = Array(repeating: String(megabytes), count: Int(cdpdk_numa_node_count())).joined(separator: ",")
            arguments += [
                "--file-prefix", prefix, "--single-file-segments", "-m", String(megabytes), "--socket-limit", limits,
            ]
        case .attached(let prefix): arguments += ["--proc-type=secondary", "--file-prefix", prefix]
        }
        switch memory {
        case .ordinaryPages, .hugepages: if let filePrefix { arguments += ["--file-prefix", filePrefix] }
        case .shared, .attached: break
        }
        if !usesPCI { arguments.append("--no-pci") }
        if !hasTelemetry { arguments.append("--no-telemetry") }
        return arguments + extraArguments
    }
}

/// The Environment Abstraction Layer: once in a process.
public enum EAL {
    /// Starts the EAL. The calling thread becomes the main lcore and is bound to its CPUs.
    ///
    /// - Throws: also after an earlier failure: DPDK cannot be initialised twice in a process.
    public static func start(_ configuration: EALConfiguration) throws(DPDKError) {
        // virtio_user writes to its vhost-user socket without MSG_NOSIGNAL: a peer that goes away would end the process.
        signal(SIGPIPE, SIG_IGN)
        // A service manager's word for the folders of a service, maybe several. DPDK would put its own below it, where neither attached
        // guests nor its tools look for it.
        unsafe unsetenv("RUNTIME_DIRECTORY")
        let arguments = configuration.arguments
        var copies = unsafe [UnsafePointer<CChar>]()
        for argument in arguments {
            guard let copy = unsafe strdup(argument) else { throw DPDKError("start the EAL", code: ENOMEM) }
            unsafe copies.append(UnsafePointer<CChar>(copy))
        }
        // By index: swift-format 6.3 takes the space out of `for unsafe copy in`.
        defer { for index in unsafe copies.indices { unsafe free(UnsafeMutablePointer(mutating: copies[index])) } }
        let result = unsafe copies.withUnsafeBufferPointer { buffer in
            unsafe cdpdk_eal_init(Int32(buffer.count), buffer.baseAddress!)
        }
        do throws(DPDKError) {
            try DPDKError.check(result, "start the EAL")
        } catch {
            // They were free when they were counted. DPDK can't be asked again in this process.
            guard case .hugepages(let megabytes) = configuration.memory, error.code == ENOMEM else { throw error }
            throw DPDKError(
                "start the EAL", code: error.code,
                detail: "\(megabytes) MB of hugepages went to somebody else meanwhile: start again, or reserve more of them")
        }
    }

    /// Gives the EAL's resources back. No port, pool or lcore may be in use.
    public static func stop() {
        _ = cdpdk_eal_cleanup()
    }

    /// Where its sockets are, the telemetry's among them.
    public static var runtimeFolder: String { unsafe String(cString: cdpdk_runtime_folder()) }

    public static var version: String { unsafe String(cString: cdpdk_version()) }
}
