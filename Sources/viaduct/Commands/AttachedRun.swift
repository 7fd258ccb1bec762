// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Dataplane
import Foundation
import Netfront

/// A guest that runs an application in a DPDK secondary process, until time is up, a signal comes, or its host ends.
enum AttachedRun {
    static func run(
        _ options: GuestHostOptions, socket: String, start: (any GuestHost, Counters) throws -> any AnyRunningApplication
    ) throws {
        let host = try attach(options, socket)
        let counters = CounterBlock(count: ApplicationCounter.allCases.count)
        let application = try start(host, counters.counters)
        var failure: (any Error)?
        do {
            try host.begin()
            Console.line("attached to \(socket) as process \(getpid()), MAC \(host.terms.mac)")
            try watch(host, options.seconds)
        } catch {
            failure = error
        }
        // Nobody answers a guest whose host is gone.
        if !host.isLost { host.netfront.shutDown() }
        let isOff = application.remove()
        let status = host.netfront.currentStatus
        Console.line(GuestRun.summary(status, counters.counters))
        if isOff { host.stop() }
        if host.isLost {
            guard options.reattach else {
                throw CommandFailure("the host of \(socket) ended: start the guest again when it is back")
            }
            return try startAnew(socket)
        }
        if let failure { throw failure }
        guard isOff else { throw CommandFailure("the application does not return to its poll loop: please report it") }
    }

    private static func attach(_ options: GuestHostOptions, _ socket: String) throws -> AttachedGuestHost {
        let logger = Console.logger(isVerbose: options.common.verbose)
        var isTold = false
        while true {
            try Interruption.check()
            do {
                return try AttachedGuestHost(socket: socket, logger: logger)
            } catch let error as NetfrontError {
                // Before the EAL starts everything can be tried again.
                guard options.reattach, case .attach = error else { throw HostError("\(error)") }
                if !isTold { Console.complaint("\(error): trying again") }
                isTold = true
                Thread.sleep(forTimeInterval: 0.2)
            }
        }
    }

    /// Starts anew, to wait for the next host: an EAL starts once in a process's life, and this one holds the dead host's hugepages.
    private static func startAnew(_ socket: String) throws {
        Console.complaint("the host of \(socket) ended: waiting for the next one")
        throw CommandFailure("\(ProgramRestart.begin(withoutRandomization: false))")
    }

    private static func watch(_ host: AttachedGuestHost, _ seconds: Double?) throws(Interrupted) {
        var table = LiveTable()
        let begin = DispatchTime.now().uptimeNanoseconds
        Console.line(LiveTable.header)
        while !host.isLost {
            try Interruption.check()
            let now = Double(DispatchTime.now().uptimeNanoseconds - begin) / 1e9
            if let seconds, now >= seconds { return }
            if let line = table.line(host.netfront.currentStatus, form: nil, at: now) { Console.line(line) }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }
}
