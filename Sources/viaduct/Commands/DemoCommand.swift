// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser

/// `viaduct demo`
struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Shows acceleration come and go under traffic, without losing or re-ordering a packet.",
        discussion: """
            A remote host, a NIC in software, a host and a guest, all in this process: neither root nor hugepages are needed. \
            Throughput is that of Ethernet frames (without their check sequence) that the guest received while a path was in \
            use and no switch under way.
            """)

    @Flag(help: "Print one JSON object as the last line, and no table.")
    var json = false
    @Option(help: "Length of the run; 6 when not given, 12 with --netns.")
    var seconds: Double?
    @Option(help: "Packets a second that the remote host sends, or max.")
    var rate = PacketRate.limited(200_000)
    @Option(help: "Bytes of a frame, \(FrameSizes.minimum) to \(FrameSizes.maximum).")
    var size = 128
    @Option(help: "UDP flows, each to a port of its own: 1 to \(TrafficSource.maximumFlows).")
    var flows = 16
    @Option(
        help: ArgumentHelp(
            "Flow n gets a share of the packets in proportion to 1 / n^exponent (Zipf's law), 0.1 to 5; otherwise all get the same.",
            valueName: "exponent"))
    var zipf: Double?
    @Option(
        help: """
            Switches of path in the run, 1 to 1000; 3 when not given, 7 with --netns. A run that ends on the fast path has one more \
            at its end.
            """)
    var switches: Int?
    @Option(
        help: ArgumentHelp(
            "Let the NIC fail at random moments, by --seed, and mend it: all, or a list of \(Self.faultNames).",
            discussion: """
                60 seconds when no length is given. What the hardware held is lost then; every lost frame must be one that was dropped \
                for a reason, and at the end every guest must be accelerated again.
                """, valueName: "faults"))
    var faults: FaultList?
    @Option(help: "Guests, 1 to \(Self.mostVifs); for --faults, 2 when not given.")
    var vifs: Int?
    @OptionGroup var host: HostOptions
    @Option(
        help: ArgumentHelp(
            "Replay this capture (pcap or pcapng, Ethernet) to the guest, again and again, instead of generated flows.",
            discussion:
                "Destinations become the guest's MAC; frames are told apart by their contents. Tagged frames and those longer than 1514 bytes are left out.",
            valueName: "file"))
    var pcap: String?
    @Flag(
        help: ArgumentHelp(
            "Let two kernels talk, with ping and iperf3, each in a network namespace made for the run. Needs root.",
            discussion: "--rate, --size, --flows and --zipf mean nothing then."))
    var netns = false

    private static let mostVifs = 3
    private static var faultNames: String { DemoFault.allCases.map(\.rawValue).joined(separator: ", ") }

    func validate() throws {
        guard faults != nil || vifs == nil else { throw ValidationError("--vifs is for --faults: otherwise there is one guest.") }
        guard (1...Self.mostVifs).contains(vifs ?? 1) else { throw ValidationError("--vifs must be 1 to \(Self.mostVifs).") }
        if faults != nil {
            guard !netns, pcap == nil, switches == nil else {
                throw ValidationError("--faults excludes --netns, --pcap and --switches.")
            }
            guard host.plugins.plugin == .accelerated else {
                throw ValidationError("--faults needs --plugin accelerated: there has to be a fast path to come back to.")
            }
            guard flows >= vifs ?? 2 else { throw ValidationError("--flows must be at least --vifs.") }
        }
        guard runSeconds >= 1, runSeconds <= 3600 else { throw ValidationError("--seconds must be 1 to 3600.") }
        guard (1...1000).contains(switches ?? 1) else { throw ValidationError("--switches must be 1 to 1000.") }
        guard host.vlan == nil || !netns else {
            throw ValidationError("--vlan and --netns exclude each other: the remote kernel's interface has no VLAN.")
        }
        guard pcap == nil || !netns else { throw ValidationError("--pcap and --netns exclude each other.") }
        guard (FrameSizes.minimum...FrameSizes.maximum).contains(size) else {
            throw ValidationError("--size must be \(FrameSizes.minimum) to \(FrameSizes.maximum) bytes.")
        }
        guard (1...TrafficSource.maximumFlows).contains(flows) else {
            throw ValidationError("--flows must be 1 to \(TrafficSource.maximumFlows).")
        }
        if let zipf {
            guard (0.1...5).contains(zipf) else { throw ValidationError("--zipf must be 0.1 to 5.") }
            guard pcap == nil else {
                throw ValidationError("--zipf and --pcap exclude each other: a capture has flows of its own.")
            }
        }
    }

    private var runSeconds: Double { seconds ?? (netns ? 12 : faults != nil ? 60 : 6) }

    var settings: DemoSettings {
        DemoSettings(
            seconds: runSeconds, rate: rate, size: size, flows: flows, zipf: zipf, switches: switches, host: host.settings,
            faults: faults?.faults, vifs: faults == nil ? 1 : vifs ?? 2, isJSON: json,
            isVerbose: host.verbose)
    }

    func run() throws {
        if let faults {
            let report = try FaultDemo.run(settings, faults: faults.faults)
            show(report, report.summary)
            if let complaint = report.complaint { throw CommandFailure(complaint) }
            return
        }
        if netns {
            let report = try NetnsDemo.run(settings, whenInterrupted: { show($0, $0.summary) })
            show(report, report.summary)
            if let complaint = report.complaint { throw CommandFailure(complaint) }
            return
        }
        var capture: CaptureFile?
        if let pcap { capture = try CaptureFile(path: pcap) }
        let report = try RingDemo.run(settings, capture: capture, whenInterrupted: { show($0, $0.summary) })
        show(report, report.summary)
        if let complaint = report.complaint { throw CommandFailure(complaint) }
    }

    private func show(_ report: some Encodable, _ summary: String) {
        do {
            Console.line(json ? try report.jsonLine() : summary)
        } catch {
            Console.complaint("can't write the report: \(error)")
        }
    }
}
