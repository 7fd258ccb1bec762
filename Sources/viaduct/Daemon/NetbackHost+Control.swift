// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Control
import DPDK
import EventLog
import Foundation
import Logging
import Netback
import SoftNIC

extension NetbackHost: ControlledHost {
    var status: StatusReport {
        let running = running
        let vifs = netback.vifs.compactMap { vif in
            running.vifs.first { $0.name == vif.name }.map { settings in
                VifReport(
                    vif, settings, isWanted: settings.accelerate, steering: backend?.steering(vif: vif.id),
                    durations: netback.switchDurations(vif: vif.id))
            }
        }
        let port = netback.port
        let elapsed = DispatchTime.now().uptimeNanoseconds - startTime.uptimeNanoseconds
        return StatusReport(
            pid: getpid(), uptimeSeconds: Double(elapsed / 1_000_000) / 1000, lcores: lcoreReports(running.lcores),
            uplink: UplinkReport(device: running.uplink.device.text, port: uplink.port, status: port),
            plugin: PluginReport(
                backend, name: running.plugin.name, port: port.isUsable ? uplink.port : nil, vifNames: vifNames),
            switching: SwitchReport(netback.counters), vifs: vifs)
    }

    private func lcoreReports(_ settings: LcoreSettings) -> [LcoreReport] {
        pollLoops.enumerated().map { index, loop in
            LcoreReport(
                lcore: loop.lcore.rawValue, cpus: settings.cpus?[index], idle: settings.idleChoices[index], rounds: loop.all,
                busyRounds: loop.busy)
        }
    }

    var flows: FlowsReport {
        let names = vifNames.sorted { $0.key < $1.key }
        return FlowsReport(
            rules: backend?.ruleCount ?? 0,
            names.compactMap { id, name in backend?.flows(vif: id).map { (name: name, report: $0) } })
    }

    var switches: SwitchesReport {
        SwitchesReport(
            vifNames.sorted { $0.key < $1.key }.map { (name: $1, changes: netback.accelerationHistory(vif: $0)) })
    }

    func forwardingTable() throws(ControlFailure) -> ForwardingReport {
        do throws(NetbackError) {
            return ForwardingReport(try netback.forwardingTable(), names: vifNames)
        } catch {
            throw ControlFailure("\(error)")
        }
    }

    var logLevel: Logger.Level {
        get { levels.level }
        set { note(logLevel: newValue) }
    }

    // MARK: Changes, one at a time

    func setAcceleration(_ wanted: Bool, vif name: String) throws(ControlFailure) {
        try operate { (running) throws(ControlFailure) in
            guard var vif = running.vifs.first(where: { $0.name == name }), let id = id(of: name) else {
                throw ControlFailure("vif \(name) has gone: see viaduct status")
            }
            netback.setAcceleration(wanted, vif: id)
            vif.accelerate = wanted
            note(vif, id: id)
        }
    }

    func addVif(_ settings: VifSettings) throws(ControlFailure) {
        try operate { (running) throws(ControlFailure) in
            if let words = ReloadPlan.refusalToAdd(settings) { throw ControlFailure(words) }
            try Self.check(settings, beside: running)
            do { try startVif(settings) } catch { throw ControlFailure("\(error)") }
        }
    }

    func removeVif(_ name: String) throws(ControlFailure) {
        try operate { (_) throws(ControlFailure) in
            do { try stopVif(name) } catch { throw ControlFailure("\(error)") }
        }
    }

    func changeVif(_ name: String, _ changes: ConfigurationTree) throws(ControlFailure) {
        try operate { (running) throws(ControlFailure) in
            guard let old = running.vifs.first(where: { $0.name == name }) else {
                throw ControlFailure("vif \(name) has gone: see viaduct status")
            }
            do {
                let new = try VifSettings(old.tree.merged(with: changes))
                guard new.name == name else { throw ControlFailure("a vif's name can't change: remove it and add another") }
                var others = running
                others.vifs.removeAll { $0.name == name }
                try Self.check(new, beside: others)
                if new != old { try carryOut(try ReloadPlan.change(from: old, to: new)) }
            } catch let failure as ControlFailure {
                throw failure
            } catch let error as ConfigurationError {
                throw ControlFailure(error)
            } catch {
                throw ControlFailure("\(error)")
            }
        }
    }

    private func operate(_ body: (DaemonConfiguration) throws(ControlFailure) -> Void) throws(ControlFailure) {
        operations.lock()
        defer { operations.unlock() }
        try body(running)
    }

    /// What only shows beside other vifs.
    private static func check(_ vif: VifSettings, beside running: DaemonConfiguration) throws(ControlFailure) {
        do throws(ConfigurationError) {
            try running.check(vif)
        } catch {
            throw ControlFailure(error)
        }
    }
}

extension UplinkSettings.Device {
    /// As an operator named it.
    var text: String {
        switch self {
        case .pci(let address): address
        case .virtual(let device): device
        case .softNIC(let personality, let wire, _): "softnic \(personality.rawValue) on \(wire)"
        }
    }
}
