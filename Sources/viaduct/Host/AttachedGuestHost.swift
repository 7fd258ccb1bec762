// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedFrontend
import Acceleration
import Control
import DPDK
import Dataplane
import Foundation
import Logging
import Netfront
import SoftNIC

/// A guest in a process of its own, attached to a netback's memory.
final class AttachedGuestHost: GuestHost, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): built by init, in between nothing changes.
    let netfront: Netfront
    let group: PollGroup
    let terms: AttachTerms
    private let connection: HostConnection
    private let softNIC: SoftNICAttachment?
    private let plugin: AcceleratedFrontendPlugin

    /// Asks the host, starts the EAL and opens the rings; nothing is polled yet.
    init(socket: String, logger: Logger) throws {
        let connection = try HostConnection(path: socket)
        let terms = try connection.terms()
        self.connection = connection
        self.terms = terms
        do {
            try Self.startEAL(terms, connection)
            let pool = try Self.pool(terms.mempool)
            group = try PollGroup(lcores: LcoreID.workers, idle: .adaptive)
            if let queue = terms.softQueue {
                softNIC = try SoftNICAttachment(
                    nic: queue.nic, queue: Int(queue.queue), descriptors: Int(queue.descriptors),
                    pool: try Self.pool(queue.mempool))
            } else {
                softNIC = nil
            }
            let name = socket.split(separator: "/").last.map(String.init) ?? "guest"
            netfront = try Netfront(
                attached: NetfrontConfiguration(name: name, mac: terms.mac, socketPath: socket),
                rings: GuestRingNames(guest: terms.rings, depth: Int(terms.ringDepth)), pool: pool, link: connection.link,
                group: group, logger: logger)
            let plugin = AcceleratedFrontendPlugin()
            self.plugin = plugin
            try unsafe netfront.loadPlugin(plugin.hooks)
        } catch {
            connection.fail("\(error)")
            throw HostError("\(error)")
        }
    }

    /// Once the application is on its loop: returns when the host delivers frames to it.
    func begin() throws(HostError) {
        // In its first round it gives the host buffers to deliver into.
        guard group.synchronize() else { throw HostError("the application's loop does not answer") }
        connection.begin()
        do throws(NetfrontError) {
            try connection.awaitAdmission()
        } catch {
            throw HostError("\(error)")
        }
    }

    private static func startEAL(_ terms: AttachTerms, _ connection: HostConnection) throws {
        try DPDKLog.capture()
        let cpus = Processors.allowed
        var configuration = EALConfiguration(
            workers: Array(repeating: cpus, count: terms.lcores.count - 1),
            memory: .attached(filePrefix: terms.filePrefix), usesPCI: !terms.devices.isEmpty,
            extraArguments: terms.devices.flatMap { ["-a", $0] })
        configuration.firstLcore = Int(terms.lcores[0])
        ProcessEnd.becomeAttached()
        do {
            try EAL.start(configuration)
        } catch {
            // Memory has to lie where the host has it, and what this process mapped at random may be in the way.
            guard ProgramRestart.isRandomized else {
                throw HostError("can't map the host's memory: \(error): is it the same build, and the same user?")
            }
            let words = "can't map the host's memory (\(error)); starting anew without address randomization"
            connection.fail(words)
            Console.complaint(words)
            throw HostError("\(ProgramRestart.begin(withoutRandomization: true))")
        }
    }

    private static func pool(_ name: String) throws -> MempoolHandle {
        guard let pool = MempoolHandle(named: name) else { throw HostError("the host has no pool \(name)") }
        return pool
    }

    func loop(for role: HostRole) -> Int { 0 }

    /// The host's process ended.
    var isLost: Bool { connection.isLost }

    /// Ends what runs here; the host takes back everything when the process ends.
    func stop() {
        netfront.close()
        group.stop()
        connection.close(touchesNothing: true)
    }
}
