// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import ArgumentParser
import Foundation
import Wire

/// `viaduct netback`
struct NetbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netback", abstract: "Serves guests that run as DPDK secondary processes. Needs root and hugepages.",
        discussion: """
            All memory is allocated at the start. A guest is started by viaduct netfront ... --attach SOCKET, with the socket of its \
            vif, which is named after it in the folder of --sockets. An attached guest is trusted: it maps all of this process's DPDK memory.
            """)

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
    var sockets: String
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
        try port.check("Give either --wire or --uplink.")
        guard !guests.isEmpty, guests.count <= 40 else { throw ValidationError("Give 1 to 40 guests by --guest.") }
        guard Set(guests.map(\.name)).count == guests.count else { throw ValidationError("Two guests have one name.") }
        guard (0...15).contains(virtualInterfaces ?? 0) else { throw ValidationError("--virtual-interfaces must be 0 to 15.") }
        guard (100...3_600_000).contains(answerLimit) else { throw ValidationError("--answer-limit must be 100 to 3600000.") }
        if let seconds, !(seconds > 0 && seconds < 1e9) { throw ValidationError("--seconds must be more than 0.") }
    }

    func run() throws {
        let host = try AttachedHost(
            AttachedHost.Configuration(
                uplink: port.choice(nic), allowsPools: !nic.withoutPools, guests: guests,
                virtualInterfaces: virtualInterfaces ?? min(guests.count, 15), sockets: sockets,
                lcores: nic.lcores, accelerationWanted: accelerate.isOn, answerLimitMilliseconds: answerLimit),
            logger: Console.logger(isVerbose: verbose))
        Console.line("serving \(guests.map { "\(sockets)/\($0.name)" }.joined(separator: " ")) as process \(getpid())")
        var failure: Interrupted?
        do {
            try wait()
        } catch {
            failure = error
        }
        var report = host.report
        // A guest that was killed while its EAL started may have left a lock of the EAL's taken, which only now is asked for.
        let watchdog = Watchdog(
            seconds: 60, complaint: "the EAL does not let go of its memory: left as it is", exitCode: 1)
        // Until the process has ended.
        _ = unsafe Unmanaged.passRetained(watchdog)
        report.mbufsInUse = host.stop()
        Console.line(json ? try report.jsonLine() : report.summary)
        if let failure { throw failure }
        if report.mbufsInUse > 0 { throw CommandFailure("\(report.mbufsInUse) mbufs were not given back: please report it") }
    }

    private func wait() throws(Interrupted) {
        let end = seconds.map { DispatchTime.now() + $0 }
        while true {
            try Interruption.check()
            if let end, DispatchTime.now() >= end { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}

extension ExpectedGuest: ExpressibleByArgument {
    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, parts[0].wholeMatch(of: /[A-Za-z0-9_\-]{1,12}/) != nil, let mac = MACAddress(parts[1]),
            mac.isValidUnicast
        else { return nil }
        let addresses = parts.dropFirst(2).compactMap { FlowAddress(argument: $0) }
        guard addresses.count == parts.count - 2 else { return nil }
        self.init(name: parts[0], mac: mac, addresses: addresses)
    }
}
