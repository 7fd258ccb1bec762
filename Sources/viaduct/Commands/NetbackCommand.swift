// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control
import Doctor
import Foundation
import Wire

/// `viaduct netback`
struct NetbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netback", abstract: "Serves guests in virtual machines, and guests that run as DPDK secondary processes.",
        discussion: """
            With --config it is a daemon that runs as its configuration file says: deploy/viaduct.yaml is one with every key. SIGHUP makes it \
            read the file again, SIGTERM ends it; viaduct status and its like ask it.

            Otherwise options say what to serve: attached guests only, which needs root and hugepages. All memory is allocated at the \
            start. A guest is started by viaduct netfront ... --attach SOCKET, with the socket of its vif, which is named after it in the \
            folder of --sockets. An attached guest is trusted: it maps all of this process's DPDK memory.
            """)

    @Option(help: ArgumentHelp("The configuration file of a daemon, in place of the options below.", valueName: "file"))
    var config: String?
    @Flag(help: "With --config: check the file, tell everything that is wrong with it, and end.")
    var check = false
    @Flag(
        help: """
            With --config: print what the daemon would take and do, ports, queues, forms of steering, lcores, memory and vifs, and end. \
            Nothing is touched; with --json as one JSON object.
            """)
    var plan = false
    @Option(
        help: ArgumentHelp(
            "With --plan: for a host that viaduct doctor --record wrote down, not for this one.", valueName: "file"))
    var recorded: String?
    @OptionGroup var port: UplinkOptions
    @OptionGroup var nic: NICOptions
    @Option(help: "Queue pairs of the uplink beside the default one, for the first guests: 0 to 15; one for each when not given.")
    var virtualInterfaces: Int?
    @Option(
        name: .customLong("guest"),
        help: ArgumentHelp(
            """
            A guest's vif: its name, of 1 to 12 letters, digits, - and _, and its MAC; then IP addresses that are its own and nobody \
            else's on the uplink, in whatever VLAN: some NICs can steer a guest's flows only by those. Repeat it.
            """,
            valueName: "name,mac[,address...]"))
    var guests: [ExpectedGuest] = []
    @Option(help: "The folder of the vifs' sockets.")
    var sockets: String?
    @Option(help: "Whether the guests may be accelerated.")
    var accelerate = OnOff.on
    @Option(help: "A guest that does not answer for so many milliseconds is killed: 100 to 3600000.")
    var answerLimit: UInt64 = 5000
    @Option(help: "End after so many seconds; otherwise SIGINT and SIGTERM end it.")
    var seconds: Double?
    @Flag(help: "Print one JSON object as the last line.")
    var json = false
    @Flag(help: "Log what happens on standard error.")
    var verbose = false

    func validate() throws {
        if config != nil {
            let hasOthers =
                port.wire != nil || port.uplink != nil || virtualInterfaces != nil || !guests.isEmpty || sockets != nil
                || seconds != nil || json && !plan || verbose
            if hasOthers { throw ValidationError("--config goes with --check and --plan only: the file says the rest.") }
            if check, plan { throw ValidationError("Give --check or --plan, not both.") }
            if recorded != nil, !plan { throw ValidationError("--recorded goes with --plan.") }
            return
        }
        if plan || recorded != nil { throw ValidationError("--plan and --recorded go with --config.") }
        if check { throw ValidationError("--check goes with --config.") }
        try port.check("Give --config, --wire or --uplink.")
        guard let sockets, !sockets.isEmpty else { throw ValidationError("Give the folder of the vifs' sockets by --sockets.") }
        guard !guests.isEmpty, guests.count <= DaemonConfiguration.maximumAttachedVifs else {
            throw ValidationError("Give 1 to \(DaemonConfiguration.maximumAttachedVifs) guests by --guest.")
        }
        guard Set(guests.map(\.name)).count == guests.count else { throw ValidationError("Two guests have one name.") }
        guard (0...15).contains(virtualInterfaces ?? 0) else { throw ValidationError("--virtual-interfaces must be 0 to 15.") }
        guard (100...3_600_000).contains(answerLimit) else { throw ValidationError("--answer-limit must be 100 to 3600000.") }
        if let seconds, !(seconds > 0 && seconds < 1e9) { throw ValidationError("--seconds must be more than 0.") }
    }

    /// What the options say, as a file would.
    var daemonConfiguration: DaemonConfiguration {
        var uplink = UplinkSettings(device: port.settings(nic))
        uplink.virtualInterfaces = virtualInterfaces
        uplink.allowsPools = !nic.withoutPools
        // What the port has is taken.
        uplink.mtu = 0
        // An attached guest leaves nothing unfinished.
        uplink.offloads = false
        var result = DaemonConfiguration(uplink: uplink)
        result.lcores = LcoreSettings(plan: nic.lcores)
        result.switching.maximumVifs = guests.count
        result.vifs = guests.map { guest in
            var vif = VifSettings(
                name: guest.name, mac: guest.mac, kind: .attached, socketPath: "\(sockets ?? ".")/\(guest.name)")
            vif.isTrusted = true
            vif.accelerate = accelerate.isOn
            vif.addresses = guest.addresses
            vif.spoofGuard = false
            vif.answerLimitMilliseconds = answerLimit
            return vif
        }
        return result
    }

    func run() throws {
        guard let config else { return try NetbackRun.run(self) }
        if check {
            _ = try DaemonConfiguration(file: config)
            return Console.line("\(config): no problems")
        }
        if plan { return try showPlan(config) }
        try DaemonRun.run(file: config)
    }

    private func showPlan(_ file: String) throws {
        // It may be another host's, with other CPUs.
        let configuration = try DaemonConfiguration(file: file, processors: Doctor.maximumProcessors)
        let host: any HostFiles
        if let recorded { host = try RecordedHost(file: recorded) } else { host = LiveHost() }
        let plan = DaemonPlan(configuration, on: host)
        Console.line(json ? try plan.jsonLine() : PlanText.of(plan))
    }
}

/// A guest that a host lets in, by the name of its vif.
struct ExpectedGuest: Sendable, Equatable {
    let name: String
    let mac: MACAddress
    /// IP addresses that are the guest's and nobody else's on the uplink, in whatever VLAN.
    var addresses: [IPAddress] = []
}

extension ExpectedGuest: ExpressibleByArgument {
    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, parts[0].wholeMatch(of: /[A-Za-z0-9_\-]{1,12}/) != nil, let mac = MACAddress(parts[1]),
            mac.isValidUnicast
        else { return nil }
        let addresses = parts.dropFirst(2).compactMap { IPAddress(argument: $0) }
        guard addresses.count == parts.count - 2 else { return nil }
        self.init(name: parts[0], mac: mac, addresses: addresses)
    }
}
