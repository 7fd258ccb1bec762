// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Wire

/// `viaduct netfront echo`
struct EchoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo", abstract: "Answers ARP, neighbor solicitations, ping and UDP echo.")

    @OptionGroup var host: GuestHostOptions
    @Option(name: .customLong("ip"), help: "The guest's IPv4 address.")
    var address: IPv4Address?
    @Option(name: .customLong("ip6"), help: "The guest's IPv6 address.")
    var address6: IPv6Address?
    @Option(help: "The UDP port that echoes; otherwise every port does.")
    var udpPort: UInt16?

    func validate() throws {
        guard address != nil || address6 != nil else { throw ValidationError("echo needs --ip or --ip6.") }
    }

    func run() throws {
        try GuestRun.run(
            host,
            start: { host, counters in
                RunningApplication(
                    EchoApplication(address: address, address6: address6, udpPort: udpPort, counters: counters), on: host)
            })
    }
}

/// `viaduct netfront macswap`
struct SwapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "macswap", abstract: "Sends every unicast frame back to where it came from.")

    @OptionGroup var host: GuestHostOptions
    @Option(help: "Flows whose sequence numbers are checked, 0 to 65536.")
    var flows = 0

    func validate() throws { try CheckedFlows.validate(flows) }

    func run() throws {
        try GuestRun.run(
            host,
            start: { host, counters in
                RunningApplication(
                    SwapApplication(checker: ArrivalChecker(flowCount: flows), counters: counters), on: host)
            })
    }
}

/// `viaduct netfront sink`
struct SinkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sink", abstract: "Counts what comes, and checks sequence numbers.")

    @OptionGroup var host: GuestHostOptions
    @Option(help: "Flows whose sequence numbers are checked, 0 to 65536.")
    var flows = 16

    func validate() throws { try CheckedFlows.validate(flows) }

    func run() throws {
        try GuestRun.run(
            host,
            start: { host, counters in
                RunningApplication(
                    SinkApplication(flowCount: flows, counters: counters), on: host)
            })
    }
}

private enum CheckedFlows {
    static func validate(_ flows: Int) throws {
        guard (0...65536).contains(flows) else { throw ValidationError("--flows must be 0 to 65536.") }
    }
}
