// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import Wire

/// How a guest's network device is set up.
public struct NetfrontConfiguration: Sendable {
    /// Unique in the process; at most 12 bytes, since rings, pools and ports are named after it.
    public var name: String
    /// The guest's MAC, as the vif has it on the host.
    public var mac: MACAddress
    /// The vif's vhost-user socket.
    public var socketPath: String
    /// The guest serves the socket and the host connects to it, so that the guest outlives its host; otherwise the host serves it.
    public var servesSocket = false
    /// Mbufs for what the guest receives by the slow path, its fences, and what its application sends.
    public var poolSize: Int
    /// Entries of each slow-path vring: a power of two, at most 32768.
    public var vringSize: Int
    /// Frames kept back while a fence is awaited.
    public var stashCapacity: Int
    /// How long a fence is awaited while the slow path yields nothing.
    public var fenceLimitMilliseconds: UInt64
    /// Of the hand-shakes with the host.
    public var limits: AccelerationLimits
    public var numaNode: Int

    public init(
        name: String, mac: MACAddress, socketPath: String, poolSize: Int = 8191, vringSize: Int = 1024,
        stashCapacity: Int = 4096, fenceLimitMilliseconds: UInt64 = 5000, limits: AccelerationLimits = AccelerationLimits(),
        numaNode: Int = -1
    ) {
        self.name = name
        self.mac = mac
        self.socketPath = socketPath
        self.poolSize = poolSize
        self.vringSize = vringSize
        self.stashCapacity = stashCapacity
        self.fenceLimitMilliseconds = fenceLimitMilliseconds
        self.limits = limits
        self.numaNode = numaNode
    }
}

/// What can go wrong with a guest device.
public enum NetfrontError: Error, Sendable, Equatable, CustomStringConvertible {
    case configuration(String)
    case slowPath(String)
    /// An attached guest and its host.
    case attach(String)
    /// The plugin is older than this host supports.
    case pluginTooOld(version: UInt32, oldest: UInt32)
    /// The plugin is newer: it may come again with the host's version.
    case pluginTooNew(version: UInt32, host: UInt32)
    /// The plugin's table is not whole.
    case pluginInvalid(String)
    case pluginAlreadyLoaded(String)
    /// The plugin refused the device.
    case pluginRefused(String)
    /// A hook did not return: the plugin was leaked, none of its hooks is called any more.
    case pluginStuck(String)

    public var description: String {
        switch self {
        case .configuration(let text): text
        case .slowPath(let text): "slow path: \(text)"
        case .attach(let text): text
        case .pluginTooOld(let version, let oldest):
            "plugin has API version 0x\(String(version, radix: 16)), the oldest supported is 0x\(String(oldest, radix: 16))"
        case .pluginTooNew(let version, let host):
            "plugin has API version 0x\(String(version, radix: 16)), this host has 0x\(String(host, radix: 16))"
        case .pluginInvalid(let problem): "the plugin's table is not usable (\(problem)): correct the plugin"
        case .pluginAlreadyLoaded(let name): "plugin \(name) is loaded already: unload it first"
        case .pluginRefused(let name): "plugin \(name) refused the device"
        case .pluginStuck(let name): "plugin \(name) does not return from a hook and was leaked: restart the guest"
        }
    }
}
