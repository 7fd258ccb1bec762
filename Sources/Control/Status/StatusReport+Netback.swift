// SPDX-License-Identifier: BSD-3-Clause
public import AcceleratedBackend
import Acceleration
public import DPDK
public import Netback
import Wire

extension SwitchReport {
    /// - Parameter counters: `Netback.counters`.
    public init(_ counters: [String: UInt64]) {
        func sum(_ names: String...) -> UInt64 { names.reduce(0) { $0 + (counters[$1] ?? 0) } }
        self.init(
            frames: FrameCount(
                in: sum("wireReceived", "guestReceived", "viReceived", "floodCopies", "fencesMade", "segmentsAdded"),
                delivered: sum("wireTransmitted", "guestDelivered", "viDelivered", "fencesSent", "fencesConsumed"),
                drops: counters.filter { Netback.dropReasons.contains($0.key) }, held: sum("held", "queued", "uplinkQueued")),
            addresses: sum("fdbEntries"), counters: counters)
    }
}

extension FrameCount {
    /// - Parameter counters: of a vif.
    public init(toGuest counters: [String: UInt64]) {
        func sum(_ names: String...) -> UInt64 { names.reduce(0) { $0 + (counters[$1] ?? 0) } }
        self.init(
            in: sum("offered", "fencesMade", "segmentsAdded"), delivered: sum("guestDelivered", "viDelivered", "fencesSent"),
            drops: counters.filter { Netback.dropReasonsToGuest.contains($0.key) }, held: sum("held", "queued"))
    }

    /// - Parameter counters: of a vif.
    public init(fromGuest counters: [String: UInt64]) {
        func sum(_ names: String...) -> UInt64 { names.reduce(0) { $0 + (counters[$1] ?? 0) } }
        self.init(
            in: sum("guestReceived"), delivered: sum("forwarded", "fencesConsumed"),
            drops: counters.filter { Netback.dropReasonsFromGuest.contains($0.key) }, held: 0)
    }
}

extension VifReport {
    /// - Parameters:
    ///   - steering: what the backend says of the vif, if it is one that says so.
    ///   - durations: of its changes of path.
    public init(
        _ vif: VifStatus, _ settings: VifSettings, isWanted: Bool, steering: SteeringReport?,
        durations: (toFast: SwitchDurations, toSlow: SwitchDurations)?
    ) {
        let acceleration = vif.acceleration
        let reason = acceleration.state.reason ?? acceleration.reason
        let canAccelerate = settings.kind == .attached || vif.hasControlLink != nil
        self.init(
            number: vif.id, name: vif.name, kind: settings.kind, mac: "\(vif.mac)", vlan: settings.vlan, settings: settings.tree,
            isConnected: vif.isConnected, hasControlLink: vif.hasControlLink, queuePairs: vif.queuePairs,
            path: acceleration.state == .connected ? .fast : .slow,
            isAccelerationWanted: isWanted, state: Self.word(acceleration.state), form: acceleration.form.map(String.init),
            coverage: steering?.coverage, reason: reason.map { Reason(code: "\($0.code)", words: $0.text) },
            refusedForms: steering?.refused.map { RefusedForm(form: $0.form.rawValue, reason: $0.reason) } ?? [],
            toGuest: FrameCount(toGuest: vif.counters), fromGuest: FrameCount(fromGuest: vif.counters),
            counters: vif.counters, memoryFaults: vif.memoryFaults, memoryFault: vif.memoryFault,
            attachment: vif.attachment.map(Attachment.init),
            switches: (canAccelerate ? durations : nil).map {
                Switches(toFast: Durations($0.toFast), toSlow: Durations($0.toSlow))
            })
    }

    /// The state without its reason.
    private static func word(_ state: AccelerationState) -> String {
        switch state {
        case .refused: "refused"
        case .quarantined: "quarantined"
        case .none, .offered, .granted, .proving, .connected, .draining: "\(state)"
        }
    }
}

extension VifReport.Durations {
    public init(_ durations: SwitchDurations) {
        var count: UInt64 = 0
        var buckets: [Bucket] = []
        for (index, added) in durations.counts.enumerated() {
            count += added
            let limit = SwitchDurations.limits.indices.contains(index) ? Double(SwitchDurations.limits[index]) / 1e9 : nil
            buckets.append(Bucket(limitSeconds: limit, count: count))
        }
        self.init(count: count, seconds: Double(durations.nanoseconds) / 1e9, buckets: buckets)
    }
}

extension VifReport.Attachment {
    init(_ status: AttachmentStatus) {
        self.init(
            stage: status.stage.rawValue, pid: status.pid, served: status.served, ended: status.ended, killed: status.killed,
            reclaimed: status.reclaimed, refused: status.refused,
            longestReclaimMilliseconds: Milliseconds.rounded(status.longestReclaimNanoseconds), reason: status.reason,
            quarantine: status.quarantine)
    }
}

extension PluginReport {
    /// - Parameter port: of the VIs; nil while it can't be asked.
    public init(_ backend: AcceleratedBackend?, name: String, port: PortID?, vifNames: [UInt32: String]) {
        let counts = backend?.counts
        self.init(
            name: name, rules: backend?.ruleCount,
            virtualInterfaces: counts.map { .init(free: $0.free, granted: $0.granted, quarantined: $0.quarantined) })
        let interfaces = backend?.interfaces ?? []
        let highest = interfaces.map(\.queue).max()
        let queues = highest.flatMap { try? port?.queueStatistics(count: Int($0) + 1) } ?? []
        self.interfaces = interfaces.map { interface in
            let index = Int(interface.queue)
            return Interface(
                queue: interface.queue, vif: interface.vif.flatMap { vifNames[$0] },
                count: queues.indices.contains(index) ? Interface.Count(queues[index]) : nil)
        }
        exports = backend?.exports.map { Export($0, vif: $0.vif.flatMap { vifNames[$0] }) } ?? []
    }
}

extension PluginReport.Interface.Count {
    /// nil for nothing.
    init?(_ statistics: QueueStatistics) {
        guard statistics != QueueStatistics() else { return nil }
        self.init(
            receivedFrames: statistics.receivedPackets, receivedBytes: statistics.receivedBytes,
            transmittedFrames: statistics.transmittedPackets, transmittedBytes: statistics.transmittedBytes)
    }
}

extension PluginReport.Export {
    init(_ export: ExportStatus, vif: String?) {
        let counts = export.statistics
        self.init(
            queue: export.queue, vif: vif, received: counts.received, delivered: counts.delivered, taken: counts.taken,
            sent: counts.sent,
            drops: [
                "undelivered": counts.undelivered, "foreign": counts.foreign, "refused": counts.refused, "unsent": counts.unsent,
                "malformed": counts.malformed,
            ], brokenSessions: counts.broken)
    }
}

extension UplinkReport {
    /// What can't be asked, since the port is being reset, is 0.
    public init(device: String, port: PortID, status: PortStatus) {
        let information = status.isUsable ? try? port.information : nil
        let counts = (status.isUsable ? try? port.statistics : nil) ?? PortStatistics()
        self.init(
            device: device, driver: information?.driver ?? "", isLinkUp: information?.isLinkUp ?? false,
            mtu: information?.mtu ?? 0, outOfUse: status.reason, resets: status.resets, recoveries: status.recoveries,
            failures: status.failures, received: counts.receivedPackets, transmitted: counts.transmittedPackets,
            receivedBytes: counts.receivedBytes, transmittedBytes: counts.transmittedBytes,
            missed: counts.receiveMissed, noMbuf: counts.receiveNoMbuf, errors: counts.receiveErrors + counts.transmitErrors)
    }
}

enum Milliseconds {
    /// With two places behind the point.
    static func rounded(_ nanoseconds: UInt64) -> Double { (Double(nanoseconds) / 10_000).rounded() / 100 }
}
