// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Netfront
import Wire

/// `viaduct netfront source`
struct SourceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "source", abstract: "Sends sequence-numbered UDP flows at a bounded rate.")

    @OptionGroup var host: GuestHostOptions
    @Option(help: "Where the frames go.")
    var destinationMac: MACAddress
    @Option(name: .customLong("ip"), help: "The guest's address.")
    var address = DemoSettings.endpoints.destination
    @Option(help: "The destination's address.")
    var destinationIp = DemoSettings.endpoints.source
    @Option(help: "Packets a second, or max.")
    var rate = PacketRate.limited(10_000)
    @Option(help: "Bytes of a frame, \(FrameSizes.minimum) to \(FrameSizes.maximum), or imix.")
    var size = FrameSizes.fixed(128)
    @Option(help: "Flows, 1 to \(TrafficSource.maximumFlows).")
    var flows = 16

    func validate() throws {
        guard (1...TrafficSource.maximumFlows).contains(flows) else {
            throw ValidationError("--flows must be 1 to \(TrafficSource.maximumFlows).")
        }
        guard destinationMac.rawValue != 0 else { throw ValidationError("--destination-mac must not be zero.") }
    }

    func run() throws {
        try GuestRun.run(
            host,
            start: { host, counters in
                // An attached guest learns its MAC from the host.
                let endpoints = TrafficEndpoints(
                    sourceMAC: host.netfront.configuration.mac, destinationMAC: destinationMac, source: address,
                    destination: destinationIp)
                return RunningApplication(
                    SourceApplication(
                        TrafficSource(endpoints, flowCount: flows, sizes: size, packetsPerSecond: rate.packetsPerSecond),
                        counters: counters), on: host)
            })
    }
}
