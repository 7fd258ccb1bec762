// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Netback
import Wire

extension VifSettings {
    /// The keys that make this vif, without those at their defaults: what ``init(_:)`` reads.
    public var tree: ConfigurationTree {
        var entries: [ConfigurationTree.Entry] = []
        func put(_ key: VifKey, _ value: ConfigurationTree?) {
            if let value { entries.append(ConfigurationTree.Entry(key.rawValue, value)) }
        }
        func put(_ key: VifKey, _ text: String?) { put(key, text.map(ConfigurationTree.text)) }
        let plain = VifSettings(name: name, mac: mac, kind: kind, socketPath: socketPath)
        put(.name, name)
        put(.mac, "\(mac)")
        put(.kind, kind.rawValue)
        put(.socket, socketPath)
        put(.socketMode, socketMode == plain.socketMode ? nil : socketMode.rawValue)
        put(.socketPermissions, access.mode.map { "0" + String($0, radix: 8) })
        put(.socketOwner, access.owner)
        put(.socketGroup, access.group)
        put(.vlan, vlan.map { "\($0)" })
        put(.queuePairs, queuePairs == plain.queuePairs ? nil : "\(queuePairs)")
        put(.mtu, mtu == plain.mtu ? nil : "\(mtu)")
        put(.trusted, isTrusted ? "true" : nil)
        put(.accelerate, accelerate == acceleratesByDefault ? nil : "\(accelerate)")
        put(.addresses, addresses.isEmpty ? nil : ConfigurationTree(.list(addresses.map { .text($0.description) })))
        put(.spoofGuard, spoofGuard ? nil : "false")
        put(.addressGuard, addressGuard ? "true" : nil)
        put(.ingress, ingress.map(Self.tree))
        put(.egress, egress.map(Self.tree))
        put(.stormLimit, stormLimit.map { "\($0)" })
        put(.learnedAddresses, learnedAddresses.map { "\($0)" })
        put(.quotas, quotas == plain.quotas ? nil : Self.tree(quotas))
        put(.answerLimit, answerLimitMilliseconds == plain.answerLimitMilliseconds ? nil : "\(answerLimitMilliseconds)")
        return ConfigurationTree(.section(entries))
    }

    private static func tree(_ limit: RateLimit) -> ConfigurationTree {
        section([(RateKey.rate.rawValue, "\(limit.bytesPerSecond)"), (RateKey.burst.rawValue, "\(limit.burstBytes)")])
    }

    private static func tree(_ quotas: VifQuotas) -> ConfigurationTree {
        let plain = VifQuotas()
        var pairs: [(String, String)] = []
        if quotas.rules != plain.rules { pairs.append((QuotaKey.rules.rawValue, "\(quotas.rules)")) }
        if quotas.stash != plain.stash { pairs.append((QuotaKey.stash.rawValue, "\(quotas.stash)")) }
        return section(pairs)
    }

    private static func section(_ pairs: [(String, String)]) -> ConfigurationTree {
        ConfigurationTree(.section(pairs.map { ConfigurationTree.Entry($0.0, .text($0.1)) }))
    }
}
