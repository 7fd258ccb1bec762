// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Foundation
import Netfront

/// A guest that runs an application in a DPDK process of its own, until time is up, a signal comes, or its host ends.
enum RemoteRun {
    static func run(
        _ options: GuestHostOptions, socket: String, start: (any GuestHost, Counters) throws -> any AnyRunningApplication
    ) throws {
        let host = try RemoteGuestHost(
            socket: socket, mac: options.mac, listens: options.listen, accelerates: options.accelerate == .on,
            logger: Console.logger(isVerbose: options.common.verbose))
        let counters = CounterBlock(count: ApplicationCounter.allCases.count)
        let application = try start(host, counters.counters)
        Console.line("on \(socket), MAC \(options.mac)")
        var failure: (any Error)?
        do {
            try watch(host, options)
        } catch {
            failure = error
        }
        host.netfront.shutDown()
        let isOff = application.remove()
        let status = host.netfront.currentStatus
        if isOff { host.stop() }
        Console.line(GuestRun.summary(status, counters.counters))
        if let failure { throw failure }
        guard isOff else { throw CommandFailure("the application does not return to its poll loop: please report it") }
    }

    private static func watch(_ host: RemoteGuestHost, _ options: GuestHostOptions) throws {
        var table = LiveTable()
        let begin = DispatchTime.now().uptimeNanoseconds
        var wasUp = true
        Console.line(LiveTable.header)
        while true {
            try Interruption.check()
            let now = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
            if let seconds = options.seconds, now >= seconds { return }
            let isUp = host.netfront.isSlowPathUp
            if isUp != wasUp { Console.notice(isUp ? "the host is back" : "the host ended") }
            wasUp = isUp
            guard isUp || options.listen else {
                throw CommandFailure(
                    "the host ended: start the guest again when it is back, or with --listen, and socket-mode: client in its file"
                )
            }
            if let line = table.line(host.netfront.currentStatus, form: nil, at: now) { Console.line(line) }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }
}
