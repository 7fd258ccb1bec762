// SPDX-License-Identifier: BSD-3-Clause
import Control

/// Reports of a daemon with one uplink and what vifs a test wants.
enum TopReports {
    static func report(
        pid: Int32 = 7, at seconds: Double, received: UInt64 = 0, rounds: UInt64 = 0, busy: UInt64 = 0, vifs: [VifReport] = [],
        interfaces: [PluginReport.Interface] = [], exports: [PluginReport.Export] = []
    ) -> StatusReport {
        var plugin = PluginReport(name: "accelerated", rules: 0, virtualInterfaces: nil)
        plugin.interfaces = interfaces
        plugin.exports = exports
        return StatusReport(
            pid: pid, uptimeSeconds: seconds,
            lcores: [LcoreReport(lcore: 1, cpus: nil, idle: .adaptive, rounds: rounds, busyRounds: busy)],
            uplink: UplinkReport(
                device: "softnic", driver: "x", isLinkUp: true, mtu: 1500, outOfUse: nil, resets: 0, recoveries: 0, failures: 0,
                received: received, transmitted: 0, receivedBytes: received * 100, transmittedBytes: 0, missed: received / 10,
                noMbuf: 0, errors: 0),
            plugin: plugin, switching: SwitchReport([:]), vifs: vifs)
    }

    static func vif(
        _ name: String, number: UInt32 = 1, kind: VifSettings.Kind = .attached, path: VifReport.Path = .slow,
        state: String = "none", isConnected: Bool = true, isWanted: Bool = true, reason: VifReport.Reason? = nil,
        delivered: UInt64 = 0, received: UInt64 = 0, fences: UInt64 = 0, dropped: UInt64 = 0
    ) -> VifReport {
        VifReport(
            number: number, name: name, kind: kind, mac: "02:00:00:00:00:01", vlan: nil,
            settings: ConfigurationTree(.section([])), isConnected: isConnected, queuePairs: 1, path: path,
            isAccelerationWanted: isWanted, state: state, form: path == .fast ? "A" : nil, coverage: nil, reason: reason,
            refusedForms: [], toGuest: FrameCount(in: delivered, delivered: delivered, drops: ["vringFull": dropped], held: 0),
            fromGuest: FrameCount(in: received, delivered: received, drops: [:], held: 0),
            counters: [
                "guestDelivered": delivered, "guestDeliveredBytes": delivered * 100, "guestReceived": received,
                "guestReceivedBytes": received * 100, "fencesConsumed": fences,
            ], memoryFaults: 0, memoryFault: nil, attachment: nil)
    }

    /// A VI's counters: frames of 1000 bytes.
    static func interface(_ vif: String?, received: UInt64, transmitted: UInt64, queue: UInt16 = 1) -> PluginReport.Interface {
        PluginReport.Interface(
            queue: queue, vif: vif,
            count: .init(
                receivedFrames: received, receivedBytes: received * 1000, transmittedFrames: transmitted,
                transmittedBytes: transmitted * 1000))
    }
}
