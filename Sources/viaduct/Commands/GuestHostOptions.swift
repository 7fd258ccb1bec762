// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Wire

/// What all guests' commands have in common: the host around the guest.
struct GuestHostOptions: ParsableArguments {
    @Option(help: ArgumentHelp(
        "The wire: a virtual device of DPDK's with its arguments, such as net_tap0,iface=wire0.", valueName: "device"))
    var wire: String
    @Option(help: "The NIC: one that steers by MAC, or one that steers nothing.")
    var nic = NICKind.sfc
    @Option(help: "Who accelerates the guest.")
    var plugin = PluginKind.accelerated
    @Option(help: "Everything on one lcore, on two, or on one each.")
    var lcores = LcorePlan.split
    @Option(help: "Whether the guest may be accelerated.")
    var accelerate = OnOff.on
    @Option(help: "The guest's MAC.")
    var mac = DemoSettings.guestMAC
    @Option(help: "End after so many seconds; otherwise SIGINT and SIGTERM end it.")
    var seconds: Double?
    @Option(help: "Seed of the NIC's random delays.")
    var seed: UInt64 = 1
    @Flag(help: "Log what happens, and print all counters at the end, on standard error.")
    var verbose = false

    func validate() throws {
        guard mac.isValidUnicast else { throw ValidationError("--mac must be a unicast address.") }
        if let seconds, !(seconds > 0 && seconds < 1e9) { throw ValidationError("--seconds must be more than 0.") }
        guard !wireDevice.name.isEmpty else { throw ValidationError("--wire needs the name of a device.") }
    }

    /// The name and the arguments in `--wire`.
    var wireDevice: (name: String, arguments: String) {
        guard let comma = wire.firstIndex(of: ",") else { return (wire, "") }
        return (String(wire[..<comma]), String(wire[wire.index(after: comma)...]))
    }
}
