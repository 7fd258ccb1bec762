// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// What a demonstration is to do.
struct DemoSettings: Sendable, Equatable {
    var seconds = 6.0
    var rate = PacketRate.limited(200_000)
    var size = 128
    var flows = 16
    var nic = NICKind.sfc
    var plugin = PluginKind.accelerated
    /// Where plugins are that are files.
    var pluginFolder: String?
    var lcores = LcorePlan.split
    var seed: UInt64 = 1
    var isJSON = false
    var isVerbose = false

    /// Frames that are on their way at once: a fair share of the wire's 1,024.
    static let windowCapacity = 512

    /// Who talks to whom.
    static let guestMAC = MACAddress(rawValue: 0x0200_7647_0002)
    static let endpoints = TrafficEndpoints(
        sourceMAC: MACAddress(rawValue: 0x0200_7647_0001), destinationMAC: guestMAC,
        source: IPv4Address(rawValue: 0x0A4D_0001), destination: IPv4Address(rawValue: 0x0A4D_0002))

    /// Whether a switch to the fast path can be expected.
    var expectsSwitches: Bool { plugin == .accelerated }

    var schedule: SwitchSchedule { expectsSwitches ? .demonstration(seconds: seconds) : .none }

    /// More switches than a run between kernels must have, so that each path is seen several times.
    var netnsSchedule: SwitchSchedule {
        expectsSwitches ? .alternating(NetnsReport.leastSwitches + 1, seconds: seconds) : .none
    }

    func hostConfiguration(wire: WireSide) -> EmbeddedHost.Configuration {
        EmbeddedHost.Configuration(
            nic: nic, plugin: plugin, pluginFolder: pluginFolder, lcores: lcores, guestMAC: Self.guestMAC, wire: wire, seed: seed,
            // A plugin that is not switched to and fro is offered the guest from the start.
            accelerationWanted: !expectsSwitches && plugin != .none, pluginOutput: { Console.line($0) })
    }
}
