// SPDX-License-Identifier: BSD-3-Clause
import Control

extension TopSample {
    /// What changed from `old` to `new`. Without `old`, or with one of another process, no rate is known; nor is one of a counter that
    /// went back.
    init(_ new: StatusReport, since old: StatusReport?) {
        let elapsed = new.uptimeSeconds - (old?.uptimeSeconds ?? new.uptimeSeconds)
        let before = old?.pid == new.pid && elapsed > 0 ? old : nil
        let change = before.map { Change(old: $0, new: new, seconds: elapsed) }
        pid = new.pid
        uptimeSeconds = new.uptimeSeconds
        seconds = before == nil ? nil : elapsed
        uplink = Self.uplink(new.uplink, change)
        lcores = new.lcores.map { lcore in
            let last = before?.lcores.first { $0.lcore == lcore.lcore }
            return Lcore(lcore: lcore.lcore, idle: lcore.idle, busy: last.flatMap { Self.busy($0, lcore) })
        }
        vifs = new.vifs.map { Self.vif($0, new, change) }
    }

    /// Two reports of one process.
    private struct Change {
        let old, new: StatusReport
        let seconds: Double

        /// A second; nil when the counter went back, or is not there.
        func rate(_ old: UInt64?, _ new: UInt64?) -> Double? {
            guard let old, let new, new >= old else { return nil }
            return Double(new - old) / seconds
        }

        func rate(frames: (UInt64, UInt64), bytes: (UInt64, UInt64)) -> Rate? {
            guard let frames = rate(frames.0, frames.1), let bytes = rate(bytes.0, bytes.1) else { return nil }
            return Rate(framesPerSecond: frames, bitsPerSecond: bytes * 8)
        }
    }

    private static func busy(_ old: LcoreReport, _ new: LcoreReport) -> Double? {
        guard new.rounds > old.rounds, new.busyRounds >= old.busyRounds else { return nil }
        return min(1, Double(new.busyRounds - old.busyRounds) / Double(new.rounds - old.rounds))
    }

    private static func uplink(_ new: UplinkReport, _ change: Change?) -> Uplink {
        func lost(_ report: UplinkReport) -> UInt64 { report.missed &+ report.noMbuf &+ report.errors }
        let old = change?.old.uplink ?? new
        return Uplink(
            device: new.device, state: new.outOfUse ?? (new.isLinkUp ? "link up" : "link down"),
            received: change?.rate(frames: (old.received, new.received), bytes: (old.receivedBytes, new.receivedBytes)),
            transmitted: change?.rate(
                frames: (old.transmitted, new.transmitted), bytes: (old.transmittedBytes, new.transmittedBytes)),
            lostPerSecond: change?.rate(lost(old), lost(new)))
    }

    private static func vif(_ new: VifReport, _ report: StatusReport, _ change: Change?) -> Vif {
        var row = Vif(
            name: new.name, kind: new.kind.rawValue, path: new.path.rawValue, form: new.path == .fast ? new.form : nil,
            isWanted: new.isAccelerationWanted)
        if new.path == .slow { row.reason = reason(new, report) }
        // One that was made anew has counted nothing yet of what its predecessor did.
        guard let change, let old = change.old.vifs.first(where: { $0.number == new.number && $0.name == new.name }) else {
            return row
        }
        func rate(_ frames: String, _ bytes: String) -> Rate? {
            change.rate(
                frames: (old.counters[frames] ?? 0, new.counters[frames] ?? 0),
                bytes: (old.counters[bytes] ?? 0, new.counters[bytes] ?? 0))
        }
        let interface = interfaceRates(new, change)
        row.toGuest = rate("guestDelivered", "guestDeliveredBytes") + interface?.toGuest
        row.fromGuest = rate("guestReceived", "guestReceivedBytes") + interface?.fromGuest
        if old.path == .fast && new.path == .fast {
            func data(_ vif: VifReport) -> UInt64? {
                vif.counters["guestReceived"].map { $0 &- (vif.counters["fencesConsumed"] ?? 0) }
            }
            row.declinesPerSecond = change.rate(data(old), data(new))
        }
        let queues = Set(report.plugin.exports.filter { $0.vif == new.name }.map(\.queue))
        row.dropsPerSecond = change.rate(drops(old, change.old, queues), drops(new, report, queues))
        return row
    }

    /// By a VI that the vif has, or had a moment ago; nil when that is not known.
    private static func interfaceRates(_ vif: VifReport, _ change: Change) -> (toGuest: Rate, fromGuest: Rate)? {
        let none = PluginReport.Interface.Count(receivedFrames: 0, receivedBytes: 0, transmittedFrames: 0, transmittedBytes: 0)
        var toGuest: Rate? = Rate(framesPerSecond: 0, bitsPerSecond: 0)
        var fromGuest = toGuest
        for interface in change.new.plugin.interfaces {
            let last = change.old.plugin.interfaces.first { $0.queue == interface.queue }
            guard interface.vif == vif.name || (interface.vif == nil && last?.vif == vif.name) else { continue }
            guard let now = interface.count else {
                // A frame was seen at the VI before the vif was accelerated: the driver does not count by queue.
                if vif.path == .fast { return nil }
                continue
            }
            let then = last?.count ?? none
            toGuest =
                toGuest
                + change.rate(
                    frames: (then.receivedFrames, now.receivedFrames), bytes: (then.receivedBytes, now.receivedBytes))
            fromGuest =
                fromGuest
                + change.rate(
                    frames: (then.transmittedFrames, now.transmittedFrames),
                    bytes: (then.transmittedBytes, now.transmittedBytes))
        }
        guard let toGuest, let fromGuest else { return nil }
        return (toGuest, fromGuest)
    }

    /// All that was dropped on the vif's way, and between its VI's queues and another process.
    private static func drops(_ vif: VifReport, _ report: StatusReport, _ queues: Set<UInt16>) -> UInt64 {
        let exported = report.plugin.exports.filter { queues.contains($0.queue) }.flatMap(\.drops.values).reduce(0, &+)
        return vif.toGuest.dropped &+ vif.fromGuest.dropped &+ exported
    }

    /// The reason in the plugin's words; where it has none, what `viaduct explain` says.
    private static func reason(_ vif: VifReport, _ report: StatusReport) -> String {
        if vif.isConnected, vif.isAccelerationWanted, let reason = vif.reason { return StatusText.reason(reason) }
        return Explanation(vif, in: report).meaning
    }
}

/// Unknown where a part is.
private func + (one: TopSample.Rate?, other: TopSample.Rate?) -> TopSample.Rate? {
    guard let one, let other else { return nil }
    return TopSample.Rate(
        framesPerSecond: one.framesPerSecond + other.framesPerSecond, bitsPerSecond: one.bitsPerSecond + other.bitsPerSecond)
}
