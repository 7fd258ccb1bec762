// SPDX-License-Identifier: BSD-3-Clause

enum FileKey: String, ConfigurationKey {
    case version, control, lcores, memory, uplinks
    case switching = "switch"
    case plugin
    case pluginFolder = "plugin-folder"
    case telemetry, capture, metrics, vifs
    case logLevel = "log-level"
}

enum ControlKey: String, ConfigurationKey {
    case socket, mode, group
}

enum MetricsKey: String, ConfigurationKey {
    case address, port
}

enum LcoreKey: String, ConfigurationKey {
    case plan, cpus, idle
}

enum MemoryKey: String, ConfigurationKey {
    case pages, megabytes
}

enum UplinkKey: String, ConfigurationKey {
    case pci, device, softnic, mtu
    case virtualInterfaces = "virtual-interfaces"
    case vmdq, offloads
}

enum SoftNICKey: String, ConfigurationKey {
    case personality, wire, seed
}

enum SwitchKey: String, ConfigurationKey {
    case fdbCapacity = "fdb-capacity"
    case fdbAge = "fdb-age"
    case hold
    case maximumVifs = "maximum-vifs"
}

enum VifKey: String, ConfigurationKey {
    case name, mac, kind, socket
    case socketMode = "socket-mode"
    case socketPermissions = "socket-permissions"
    case socketOwner = "socket-owner"
    case socketGroup = "socket-group"
    case vlan
    case queuePairs = "queue-pairs"
    case mtu, trusted, accelerate, addresses
    case spoofGuard = "spoof-guard"
    case addressGuard = "address-guard"
    case ingress, egress
    case stormLimit = "storm-limit"
    case learnedAddresses = "learned-addresses"
    case quotas
    case answerLimit = "answer-limit"
}

enum RateKey: String, ConfigurationKey {
    case rate, burst
}

enum QuotaKey: String, ConfigurationKey {
    case rules, stash
}

extension DaemonConfiguration {
    /// Every key that a file may have, with those above it: `vifs.ingress.rate`.
    public static var keys: [String] {
        func below<Key: ConfigurationKey>(_ path: String, _: Key.Type) -> [String] {
            Key.allCases.map { "\(path)\($0.rawValue)" }
        }
        return below("", FileKey.self) + below("control.", ControlKey.self) + below("metrics.", MetricsKey.self)
            + below("lcores.", LcoreKey.self)
            + below("memory.", MemoryKey.self) + below("uplinks.", UplinkKey.self)
            + below("uplinks.softnic.", SoftNICKey.self) + below("switch.", SwitchKey.self) + below("vifs.", VifKey.self)
            + below("vifs.ingress.", RateKey.self) + below("vifs.egress.", RateKey.self)
            + below("vifs.quotas.", QuotaKey.self)
    }
}
