// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Netfront

/// An embedded host with one guest that runs an application until time is up or a signal comes.
enum GuestRun {
    /// - Parameters:
    ///   - start: puts the application on its lcore.
    ///   - end: runs when the application is off its lcore, before the host is taken down.
    static func run(
        _ options: GuestHostOptions, start: (any GuestHost, Counters) throws -> any AnyRunningApplication,
        end: () -> Void = {}
    ) throws {
        if let socket = options.attach { return try AttachedRun.run(options, socket: socket, start: start) }
        if let socket = options.socket { return try RemoteRun.run(options, socket: socket, start: start) }
        let device = options.port.device
        if let interface = TapDevice.interface(ofDevice: device.name, arguments: device.arguments) {
            try TapDevice.check(interface: interface)
        }
        let host = try EmbeddedHost(
            EmbeddedHost.Configuration(
                settings: options.common.settings, guestMAC: options.mac, guestAddresses: options.addresses,
                wire: .virtualDevice(name: device.name, arguments: device.arguments), uplinkDevice: options.port.uplink,
                virtualInterfaces: options.virtualInterfaces,
                accelerationWanted: options.accelerate.isOn, pluginOutput: { Console.line($0) }),
            logger: Console.logger(isVerbose: options.common.verbose))
        let counters = CounterBlock(count: ApplicationCounter.allCases.count)
        let application: any AnyRunningApplication
        do {
            application = try start(host, counters.counters)
        } catch {
            _ = host.stop()
            throw error
        }
        var failure: (any Error)?
        do {
            try watch(host, options.seconds)
        } catch {
            failure = error
        }
        host.netfront.shutDown()
        let isOff = application.remove()
        end()
        let status = host.netfront.currentStatus
        if options.common.verbose { HostCounters.show(status, host) }
        let left = isOff ? host.stop() : 0
        Console.line(summary(status, counters.counters))
        if let failure { throw failure }
        guard isOff else { throw CommandFailure("the application does not return to its poll loop: please report it") }
        if left > 0 { throw CommandFailure("\(left) mbufs were not given back: please report it with the output of --verbose") }
    }

    /// Prints a line a second, until the end.
    private static func watch(_ host: EmbeddedHost, _ seconds: Double?) throws(Interrupted) {
        var table = LiveTable()
        let begin = DispatchTime.now().uptimeNanoseconds
        Console.line(LiveTable.header)
        while true {
            try Interruption.check()
            let now = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
            if let seconds, now >= seconds { return }
            if let line = table.line(host.netfront.currentStatus, form: host.backendStatus.form, at: now) { Console.line(line) }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    static func summary(_ status: NetfrontStatus, _ counters: Counters) -> String {
        var lines = [
            "", "received   fast \(status[.receivedFastPackets])  slow \(status[.receivedSlowPackets])",
            "sent       fast \(status[.transmittedFastPackets])  slow \(status[.transmittedSlowPackets])",
        ]
        let counts = ApplicationCounter.allCases.map { "\($0) \(counters[$0.index])" }
        lines.append("application " + counts.joined(separator: "  "))
        return lines.joined(separator: "\n")
    }
}
