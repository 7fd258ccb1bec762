// SPDX-License-Identifier: BSD-3-Clause

/// What has to be done so that a running daemon is as a new configuration says.
public struct ReloadPlan: Sendable, Equatable {
    /// One vif that goes on, with other settings.
    public struct Change: Sendable, Equatable {
        public let settings: VifSettings
        /// Keys for which the vif has to be made anew; empty when it goes on in place.
        public let remadeFor: [String]
        public let changesAcceleration: Bool
        public let changesPolicy: Bool
        public let changesQuotas: Bool
    }

    /// Names.
    public private(set) var removed: [String] = []
    public private(set) var added: [VifSettings] = []
    public private(set) var changed: [Change] = []
    /// What can't change while the daemon runs, and stays as it is: a line each, with what to do.
    public private(set) var refused: [String] = []

    public var isEmpty: Bool { removed.isEmpty && added.isEmpty && changed.isEmpty && refused.isEmpty }

    /// - Parameter old: as it runs.
    public init(from old: DaemonConfiguration, to new: DaemonConfiguration) {
        func refuse(_ key: FileKey, _ isSame: Bool) {
            if !isSame { refused.append("\(key.rawValue) can't change while the daemon runs: restart it") }
        }
        refuse(.control, old.control == new.control)
        refuse(.lcores, old.lcores == new.lcores)
        refuse(.memory, old.memory == new.memory)
        refuse(.uplinks, old.uplink == new.uplink)
        refuse(.switching, old.switching == new.switching)
        refuse(.plugin, old.plugin == new.plugin)
        refuse(.telemetry, old.telemetry == new.telemetry)
        refuse(.capture, old.capture == new.capture)
        refuse(.metrics, old.metrics == new.metrics)
        for vif in old.vifs where !new.vifs.contains(where: { $0.name == vif.name }) { removed.append(vif.name) }
        for vif in new.vifs {
            guard let before = old.vifs.first(where: { $0.name == vif.name }) else {
                if let words = Self.refusalToAdd(vif) { refused.append(words) } else { added.append(vif) }
                continue
            }
            guard before != vif else { continue }
            do throws(ReloadRefusal) {
                changed.append(try Self.change(from: before, to: vif))
            } catch {
                refused.append(error.description)
            }
        }
    }

    /// Why a vif can't be added to a running daemon; nil when it can.
    public static func refusalToAdd(_ vif: VifSettings) -> String? {
        vif.kind == .attached
            ? "vif \(vif.name) can't be added while the daemon runs: an attached guest's memory is laid out at the start: restart it"
            : nil
    }

    /// What has to be done about one vif.
    public static func change(from old: VifSettings, to new: VifSettings) throws(ReloadRefusal) -> Change {
        var keys: [VifKey] = []
        func note(_ key: VifKey, _ isSame: Bool) { if !isSame { keys.append(key) } }
        note(.mac, old.mac == new.mac)
        note(.kind, old.kind == new.kind)
        note(.socket, old.socketPath == new.socketPath)
        note(.socketMode, old.socketMode == new.socketMode)
        note(.socketPermissions, old.access == new.access)
        note(.vlan, old.vlan == new.vlan)
        note(.queuePairs, old.queuePairs == new.queuePairs)
        note(.mtu, old.mtu == new.mtu)
        // With it goes the control link.
        if new.kind == .remote { note(.trusted, old.isTrusted == new.isTrusted) }
        if old.kind == .attached || new.kind == .attached {
            // By them its flows are steered.
            note(.addresses, old.addresses == new.addresses)
            note(.answerLimit, old.answerLimitMilliseconds == new.answerLimitMilliseconds)
            guard keys.isEmpty else {
                let names = keys.map(\.rawValue).joined(separator: ", ")
                throw ReloadRefusal(
                    description: "vif \(new.name): \(names) of an attached vif can't change while the daemon runs: restart it")
            }
        }
        return Change(
            settings: new, remadeFor: keys.map(\.rawValue), changesAcceleration: old.accelerate != new.accelerate,
            changesPolicy: old.policy != new.policy, changesQuotas: old.quotas != new.quotas)
    }
}

/// What can't be done while the daemon runs.
public struct ReloadRefusal: Error, Equatable, CustomStringConvertible {
    public let description: String
}
