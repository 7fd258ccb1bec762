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
    @Option(help: "Length of the run.")
    var seconds = 6.0
    @Option(help: "Packets a second that the remote host sends, or max.")
    var rate = PacketRate.limited(200_000)
    @Option(help: "Bytes of a frame, \(FrameSizes.minimum) to \(FrameSizes.maximum).")
    var size = 128
    @Option(help: "Flows, 1 to \(TrafficSource.maximumFlows).")
    var flows = 16
    @Option(help: "The NIC: one that steers by MAC, or one that steers nothing.")
    var nic = NICKind.sfc
    @Option(help: "Who accelerates the guest.")
    var plugin = PluginKind.accelerated
    @Option(help: "Everything on one lcore, on two, or on one each.")
    var lcores = LcorePlan.split
    @Option(help: "Seed of the NIC's random delays.")
    var seed: UInt64 = 1
    @Flag(help: "Log what happens, and print all counters at the end, on standard error.")
    var verbose = false

    func validate() throws {
        guard seconds >= 1, seconds <= 3600 else { throw ValidationError("--seconds must be 1 to 3600.") }
        guard (FrameSizes.minimum...FrameSizes.maximum).contains(size) else {
            throw ValidationError("--size must be \(FrameSizes.minimum) to \(FrameSizes.maximum) bytes.")
        }
        guard (1...TrafficSource.maximumFlows).contains(flows) else {
            throw ValidationError("--flows must be 1 to \(TrafficSource.maximumFlows).")
        }
    }

    var settings: DemoSettings {
        DemoSettings(
            seconds: seconds, rate: rate, size: size, flows: flows, nic: nic, plugin: plugin, lcores: lcores, seed: seed,
            isJSON: json, isVerbose: verbose)
    }

    func run() throws {
        let report = try RingDemo.run(settings, whenInterrupted: show)
        show(report)
        if let complaint = report.complaint { throw CommandFailure(complaint) }
    }

    private func show(_ report: DemoReport) {
        do {
            Console.line(json ? try report.jsonLine() : report.summary)
        } catch {
            Console.complaint("can't write the report: \(error)")
        }
    }
}
