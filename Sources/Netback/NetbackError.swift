// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import DPDK
public import Wire

/// Why netback did not do what it was asked for. Each description is one line that says what to do about it.
public enum NetbackError: Error, Sendable, Equatable, CustomStringConvertible {
    case stopped
    case invalidConfiguration(String)
    case tooManyVifs(limit: Int)
    case duplicateName(String)
    case invalidAddress(MACAddress, vif: String)
    case invalidVLAN(UInt16, vif: String)
    case invalidPolicy(String, vif: String)
    case socketExists(path: String)
    case unknownVif(UInt32)
    case dpdk(DPDKError)
    case socket(SocketError)
    /// The poll loop did not answer: nothing that it uses was freed.
    case laneStuck
    /// The plugin may come again with a table of version `host`.
    case pluginTooNew(plugin: UInt32, host: UInt32)
    case pluginTooOld(plugin: UInt32, oldest: UInt32)
    case pluginInvalid(String)
    case pluginRefused(name: String, code: Int32)
    case pluginAlreadyLoaded(name: String)
    case noPlugin
    /// A hot hook did not return: the plugin was leaked, none of its hooks is called any more.
    case pluginStuck(name: String)

    public var description: String {
        switch self {
        case .stopped: "this netback was stopped: make a new one"
        case .invalidConfiguration(let problem): "\(problem): correct the configuration"
        case .tooManyVifs(let limit): "all \(limit) vifs are in use: remove one, or raise maximumVifs"
        case .duplicateName(let name): "a vif named \(name) exists: choose another name"
        case .invalidAddress(let mac, let vif): "vif \(vif) cannot have the address \(mac): give it a unicast address of its own"
        case .invalidVLAN(let vlan, let vif):
            "vif \(vif) cannot be in VLAN \(vlan): choose one from 1 to 4094, or none for untagged frames"
        case .invalidPolicy(let problem, let vif): "vif \(vif) cannot have this policy: \(problem)"
        case .socketExists(let path): "\(path) exists: remove it if no other process serves it, or choose another path"
        case .unknownVif(let id): "there is no vif \(id): see the list of vifs"
        case .dpdk(let error): "\(error)"
        case .socket(let error): "\(error)"
        case .laneStuck: "the poll loop does not answer: restart the process"
        case .pluginTooNew(let plugin, let host):
            "the plugin is written for API \(hex(plugin)): come again with a table of version \(hex(host))"
        case .pluginTooOld(let plugin, let oldest):
            "the plugin is written for API \(hex(plugin)), the oldest supported is \(hex(oldest)): build it anew"
        case .pluginInvalid(let problem): "the plugin's table is not usable (\(problem)): correct the plugin"
        case .pluginRefused(let name, let code): "plugin \(name) does not want to run here (code \(code)): see its log"
        case .pluginAlreadyLoaded(let name): "plugin \(name) is loaded: unload it first"
        case .noPlugin: "no plugin is loaded: load one first"
        case .pluginStuck(let name): "plugin \(name) does not return from a hook and was leaked: restart the process"
        }
    }

    private func hex(_ version: UInt32) -> String { "0x" + String(version, radix: 16) }
}
