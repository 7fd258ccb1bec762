// SPDX-License-Identifier: BSD-3-Clause
import Control
import Dataplane
import DPDK
import Foundation

/// Replays a capture by DPDK's net_pcap PMD, again and again while it is on.
final class ReplaySender: Sender {
    private let remote: RemoteHost<ReplayStation>
    private let memory = DigestLedgerMemory()
    private let link: CaptureLink
    private var port: DPDK.Port?
    private let pool: MempoolHandle

    private static let virtualDevice = "net_pcap_remote"

    init(_ capture: CaptureFile, _ settings: DemoSettings, host: EmbeddedHost, wire: QueuePair) throws(HostError) {
        link = try CaptureLink(to: capture.path)
        pool = host.wirePool
        let started = try Self.open(link, pool)
        let ledger = DigestLedger(memory)
        let queue = started.queuePair(0)
        remote = RemoteHost(group: host.group, loop: host.loop(for: .wire)) { counters, orders in
            ReplayStation(
                wire: wire, capture: queue, endpoints: DemoSettings.endpoints, ledger: ledger,
                windowCapacity: DemoSettings.windowCapacity, vlan: settings.host.vlan ?? 0,
                packetsPerSecond: settings.rate.packetsPerSecond,
                counters: counters, orders: orders)
        }
        port = consume started
    }

    private static func open(_ link: CaptureLink, _ pool: MempoolHandle) throws(HostError) -> DPDK.Port {
        do throws(DPDKError) {
            let id = try DPDK.Port.attach(virtualDevice, arguments: "rx_pcap=\(link.path)")
            return try DPDK.Port(starting: id, queues: DPDK.Port.Queues(), virtualDevice: virtualDevice) { _ in pool }
        } catch {
            if let detail = error.detail, detail.contains("no driver") {
                throw HostError("DPDK has no net_pcap driver here: install librte-net-pcap")
            }
            throw HostError("can't replay the capture: \(error)")
        }
    }

    func makeChecker() -> ArrivalChecker { ArrivalChecker(DigestLedger(memory)) }
    func setSending(_ on: Bool) { remote.setSending(on) }
    var outstanding: UInt64 { remote.count(of: .outstanding) }

    /// Begins again at the capture's end.
    func advance() throws {
        guard ReplayStation.isAtEnd(remote.counters) else { return }
        _ = try remote.change { station, counters in
            port = nil
            let started = try Self.open(link, pool)
            station.capture = started.queuePair(0)
            port = consume started
            counters.set(0, at: WirePeerCounter.emptyReads.index)
        }
    }

    func remove() -> (findings: TrafficFindings, sent: [UInt64])? {
        let result = remote.remove()
        if result != nil { port = nil }
        link.remove()
        return result
    }
}

/// A symbolic link to a capture: a path may hold characters that mean something in DPDK's device arguments.
final class CaptureLink {
    let path: String
    private let folder: SocketFolder

    init(to capture: String) throws(HostError) {
        folder = try SocketFolder()
        path = "\(folder.path)/capture"
        do {
            try FileManager.default.createSymbolicLink(
                atPath: path, withDestinationPath: URL(fileURLWithPath: capture).standardizedFileURL.path)
        } catch {
            throw HostError("can't link to \(capture) in \(folder.path)")
        }
    }

    func remove() { folder.remove() }
}
