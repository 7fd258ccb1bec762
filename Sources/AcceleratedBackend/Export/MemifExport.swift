// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
public import DPDK
public import Dataplane
import EventLog
public import Logging
import Memif

/// Exports a VI as a memif: a poll loop of the host moves frames between the VI's queue pair and rings in memory that the guest
/// brought, which is all that both share.
///
/// The guest is a memif client, ours or DPDK's (net_memif). Each grant has a secret of its own.
public final class MemifExport: VirtualInterfaceExport, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): what changes does so by the calls of the one who owns it, under that one's lock.

    /// Where a vif's memif socket is, and what is done about it once it is there (its owner, its mode).
    public struct Place: Sendable {
        public let path: String
        public let allow: @Sendable () throws -> Void

        public init(path: String, allow: @escaping @Sendable () throws -> Void) {
            self.path = path
            self.allow = allow
        }
    }

    private let interface: QueuePair
    private let pool: MempoolHandle
    private let group: PollGroup
    private let loop: Int
    private let place: @Sendable (_ vif: String) -> Place?
    private let logger: Logger
    private let counterBlock = CounterBlock(count: ExportCounter.allCases.count)
    private var opened: Opened?
    /// Of servers that were closed.
    private var earlier = (malformed: UInt64(0), broken: UInt64(0))
    private var toldReason: String?

    @safe
    private struct Opened {
        let server: MemifServer
        let lane: UnsafeMutablePointer<ExportLane>
    }

    /// - Parameters:
    ///   - interface: the VI; this export's alone while it is open.
    ///   - pool: where mbufs for frames from the guest come from.
    ///   - loop: of `group`, the one that does the moving.
    ///   - place: nil for a vif that it knows nothing of.
    public init(
        interface: QueuePair, pool: MempoolHandle, group: PollGroup, loop: Int, logger: Logger,
        place: @escaping @Sendable (_ vif: String) -> Place?
    ) {
        self.interface = interface
        self.pool = pool
        self.group = group
        self.loop = loop
        self.place = place
        self.logger = logger
    }

    deinit { _ = close() }

    public var statistics: ExportStatistics {
        var all = ExportStatistics(counterBlock.counters)
        let now = opened?.server.statistics ?? MemifStatistics()
        all.malformed = earlier.malformed + now.malformed
        all.broken = earlier.broken + now.broken
        return all
    }

    public func open(for vif: ExportedVif) throws(ExportError) -> String {
        guard close() else { throw ExportError("a poll loop is stuck in it") }
        guard let place = place(vif.name) else { throw ExportError("vif \(vif.name) has no place for its memif socket") }
        // 0 is nobody's.
        let nonce = UInt64.random(in: 1...UInt64.max)
        let secret = LinkSecret(nonce).text
        let server = try serve(place, secret: secret)
        let lane = UnsafeMutablePointer<ExportLane>.allocate(capacity: 1)
        unsafe lane.initialize(
            to: ExportLane(
                interface: interface, memif: server.endpoint, pool: pool, vif: vif, nonce: nonce,
                counters: counterBlock.counters))
        opened = unsafe Opened(server: server, lane: lane)
        unsafe group.add(
            Poller(name: "export \(vif.name)", function: export_lane_poll, context: UnsafeMutableRawPointer(lane)),
            toLoop: loop)
        return "net_memif_vi,role=client,id=0,socket=\(place.path),socket-abstract=no,secret=\(secret),rsize=10,bsize=2048"
    }

    private func serve(_ place: Place, secret: String) throws(ExportError) -> MemifServer {
        do {
            let group = group
            let server = try MemifServer(
                MemifConfiguration(path: place.path, id: 0, secret: secret, name: "viaduct"),
                synchronize: { group.synchronize() })
            try place.allow()
            return server
        } catch {
            throw ExportError("\(error)")
        }
    }

    public func close() -> Bool {
        guard let opened else { return true }
        guard unsafe group.remove(context: UnsafeMutableRawPointer(opened.lane)) else { return false }
        self.opened = nil
        toldReason = nil
        let last = opened.server.statistics
        earlier = (earlier.malformed + last.malformed, earlier.broken + last.broken)
        unsafe opened.lane.deinitialize(count: 1)
        unsafe opened.lane.deallocate()
        opened.server.close()
        return true
    }

    public func tick() {
        guard let server = opened?.server else { return }
        server.tick()
        // A guest that is gone, or was sent away, is no fault of the host's, and comes again by its control link.
        let reason = server.statistics.lastReason
        guard reason != toldReason else { return }
        toldReason = reason
        logger.log(BackendLogEvent.memifLeft, ["path": "\(server.configuration.path)", "reason": "\(reason ?? "")"])
    }
}
