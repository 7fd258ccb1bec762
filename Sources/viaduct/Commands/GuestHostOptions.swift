// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import ArgumentParser
import Wire

/// What all guests' commands have in common: the host around the guest.
struct GuestHostOptions: ParsableArguments {
    @OptionGroup var port: UplinkOptions
    @Option(
        help: ArgumentHelp(
            "In place of a host of its own: run as a DPDK secondary process of the viaduct netback that serves this vif's socket. Needs root.",
            valueName: "socket"))
    var attach: String?
    @Flag(help: "With --attach: when the host ends, wait for the next one and start anew.")
    var reattach = false
    @Option(
        help: ArgumentHelp(
            "In place of a host of its own: run in a process of its own on this vhost-user socket of a viaduct netback, accelerated where that one's vif is of kind remote."
        ))
    var socket: String?
    @Flag(help: "With --socket: serve it, for a netback that connects to it, and outlive that one.")
    var listen = false
    @Option(help: "Queue pairs of the uplink that may be given to guests, beside the default one: 0 to 15.")
    var virtualInterfaces = 2
    @OptionGroup var common: HostOptions
    @Option(help: "Whether the guest may be accelerated.")
    var accelerate = OnOff.on
    @Option(help: "The guest's MAC.")
    var mac = DemoSettings.guestMAC
    @Option(
        name: .customLong("address"),
        help: ArgumentHelp(
            "An IP address that is the guest's and nobody else's on the uplink, in whatever VLAN; may be given again.",
            discussion: "Where rules can't match the MAC (82599, X540, igb without pools), only flows to these are steered."))
    var addresses: [IPAddress] = []
    @Option(help: "End after so many seconds; otherwise SIGINT and SIGTERM end it.")
    var seconds: Double?

    func validate() throws {
        guard mac.isValidUnicast else { throw ValidationError("--mac must be a unicast address.") }
        if let seconds, !(seconds > 0 && seconds < 1e9) { throw ValidationError("--seconds must be more than 0.") }
        guard (0...15).contains(virtualInterfaces) else { throw ValidationError("--virtual-interfaces must be 0 to 15.") }
        guard !listen || socket != nil else { throw ValidationError("--listen goes with --socket.") }
        guard !reattach || attach != nil else { throw ValidationError("--reattach goes with --attach.") }
        if attach != nil || socket != nil {
            guard port.wire == nil, port.uplink == nil, attach == nil || socket == nil else {
                throw ValidationError("--attach and --socket go without each other, and without --wire and --uplink.")
            }
            guard !common.areAboutTheHost else {
                throw ValidationError(
                    "--vlan, --rules, --plugin and --plugin-folder are for a host of its own: with --attach and --socket the netback says."
                )
            }
            return
        }
        try port.check("Give one of --wire, --uplink, --attach and --socket.")
    }
}
