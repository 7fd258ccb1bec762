// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Control
import Foundation
import Logging

/// A host that does nothing but remember.
final class FakeHost: ControlledHost {
    private let calls = Lock<[String]>([])
    private let level = Lock<Logger.Level>(.info)
    /// Removals are held up while this is locked.
    let gate = Lock<Void>(())

    var told: [String] { calls.withLock { $0 } }
    private func tell(_ words: String) { calls.withLock { $0.append(words) } }

    static func vif(_ name: String, kind: VifSettings.Kind = .attached) -> VifReport {
        let none = FrameCount(in: 0, delivered: 0, drops: [:], held: 0)
        return VifReport(
            number: 1, name: name, kind: kind, mac: "02:00:00:00:00:01", vlan: nil, settings: ConfigurationTree(.section([])),
            isConnected: true, queuePairs: 1, path: .slow, isAccelerationWanted: true, state: "none", form: nil, coverage: nil,
            reason: nil,
            refusedForms: [], toGuest: none, fromGuest: none, counters: [:], memoryFaults: 0, memoryFault: nil, attachment: nil)
    }

    static let uplink = UplinkReport(
        device: "net_null0", driver: "net_null", isLinkUp: true, mtu: 1500, outOfUse: nil, resets: 0, recoveries: 0, failures: 0,
        received: 1, transmitted: 2, receivedBytes: 64, transmittedBytes: 128, missed: 3, noMbuf: 4, errors: 5)

    static func status(_ vifs: [VifReport]) -> StatusReport {
        StatusReport(
            pid: 7, uptimeSeconds: 1.5,
            lcores: [LcoreReport(lcore: 1, cpus: [2], idle: .sleep, rounds: 9, busyRounds: 4)], uplink: uplink,
            plugin: PluginReport(name: "accelerated", rules: 3, virtualInterfaces: nil),
            switching: SwitchReport(["wireReceived": 5, "wireTransmitted": 2, "runt": 1, "held": 2]), vifs: vifs)
    }

    var status: StatusReport { Self.status([Self.vif("g0"), Self.vif("machine", kind: .vm)]) }
    var flows: FlowsReport { FlowsReport(rules: 3, []) }
    var switches: SwitchesReport { SwitchesReport([]) }
    func forwardingTable() throws(ControlFailure) -> ForwardingReport { throw ControlFailure("the poll loop does\nnot answer") }
    func setAcceleration(_ wanted: Bool, vif: String) throws(ControlFailure) { tell("accelerate \(vif) \(wanted)") }
    func addVif(_ settings: VifSettings) throws(ControlFailure) { tell("add \(settings.name) \(settings.mac)") }
    func removeVif(_ name: String) throws(ControlFailure) { gate.withLock { _ in tell("remove \(name)") } }
    func changeVif(_ name: String, _ changes: ConfigurationTree) throws(ControlFailure) {
        tell("change \(name) \(changes.entries.map(\.key))")
    }
    var logLevel: Logger.Level {
        get { level.withLock { $0 } }
        set { level.withLock { $0 = newValue } }
    }
}
