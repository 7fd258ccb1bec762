// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Wire

/// What a demonstration is to do.
struct DemoSettings: Sendable, Equatable {
    var seconds = 6.0
    var rate = PacketRate.limited(200_000)
    var size = 128
    var flows = 16
    /// Exponent of the flows' popularity; nil for flows of the same rate.
    var zipf: Double?
    var popularity: FlowPopularity { zipf.map { .zipf(exponent: $0, seed: host.seed) } ?? .even }

    /// Switches of path; nil for as many as the kind of run has.
    var switches: Int?
    var host = HostSettings()
    /// What goes wrong in the run, and to how many guests; nil for a run in which everything goes right.
    var faults: Set<DemoFault>?
    var vifs = 1
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
    var expectsSwitches: Bool { host.plugin == .accelerated }

    var schedule: SwitchSchedule {
        guard expectsSwitches else { return .none }
        return switches.map { .alternating($0, seconds: seconds) } ?? .demonstration(seconds: seconds)
    }

    /// More switches than a run between kernels must have, so that each path is seen several times.
    var netnsSchedule: SwitchSchedule {
        expectsSwitches ? .alternating(switches ?? NetnsReport.leastSwitches + 1, seconds: seconds) : .none
    }

    /// A host whose guests are accelerated from the start.
    var faultHostConfiguration: EmbeddedHost.Configuration {
        EmbeddedHost.Configuration(
            settings: host, guestMAC: Self.guestMAC, guestAddresses: [IPAddress(Self.endpoints.destination)], guestCount: vifs,
            wire: .ring, virtualInterfaces: max(2, vifs), accelerationWanted: true, pluginOutput: { Console.line($0) })
    }

    func hostConfiguration(wire: WireSide) -> EmbeddedHost.Configuration {
        EmbeddedHost.Configuration(
            settings: host, guestMAC: Self.guestMAC, guestAddresses: [IPAddress(Self.endpoints.destination)], wire: wire,
            // A plugin that is not switched to and fro is offered the guest from the start.
            accelerationWanted: !expectsSwitches && host.plugin != .none, pluginOutput: { Console.line($0) })
    }
}
