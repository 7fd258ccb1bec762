// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Netfront

/// `viaduct netfront tap`
struct TapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tap", abstract: "Makes a kernel the guest, behind a TAP device with the guest's MAC. Needs CAP_NET_ADMIN.")

    @OptionGroup var host: GuestHostOptions
    @Option(name: .customLong("iface"), help: "The TAP device's name.")
    var interface = "viaduct0"
    @Option(help: "The network namespace (of ip netns) that the TAP device is made in; otherwise the command's own.")
    var namespace: String?

    func validate() throws {
        guard host.attach == nil else {
            throw ValidationError("tap can't be attached: a secondary process makes no devices. Use --wire or --uplink.")
        }
        guard TapDevice.isName(interface) else {
            throw ValidationError("--iface must be 1 to 15 characters without space, slash or comma.")
        }
    }

    func run() throws {
        // What can be told before anything is started.
        if namespace == nil { try TapDevice.check(interface: interface) }
        var tap: TapDevice?
        try GuestRun.run(
            host,
            start: { host, counters in
                let made = try TapDevice(
                    interface: interface, mac: self.host.mac, namespace: namespace.map { NetworkNamespace(name: $0) },
                    pool: host.netfront.guest.pool)
                tap = made
                return RunningApplication(
                    TapApplication(tap: made.queuePair, counters: counters), on: host)
            },
            end: {
                tap?.close()
                tap = nil
            })
    }
}
