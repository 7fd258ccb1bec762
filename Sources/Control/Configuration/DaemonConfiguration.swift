// SPDX-License-Identifier: BSD-3-Clause
public import Logging
public import SoftNIC

/// Everything that a netback daemon is told: what a configuration file says, with defaults filled in. See <doc:ConfigurationFile>.
public struct DaemonConfiguration: Sendable, Equatable {
    /// Of the file's format.
    public static let version = 1

    /// nil: nobody can ask.
    public var control: ControlSocketSettings?
    public var lcores = LcoreSettings()
    public var memory = MemorySettings()
    public var uplink: UplinkSettings
    public var switching = SwitchSettings()
    public var plugin = PluginSettings.accelerated
    /// Whether DPDK's telemetry clients are answered.
    public var telemetry = true
    /// Whether DPDK's capture tools are served.
    public var capture = false
    /// nil: nobody may scrape.
    public var metrics: MetricsSettings?
    public var vifs: [VifSettings] = []
    public var logLevel = Logger.Level.info

    public init(uplink: UplinkSettings) { self.uplink = uplink }

    public var attachedVifs: [VifSettings] { vifs.filter { $0.kind == .attached } }
    /// Vifs that may be accelerated.
    public var acceleratedVifs: [VifSettings] { vifs.filter { $0.kind == .attached || $0.hasLink } }
    /// VIs of the uplink: as configured, or one for each guest that may be accelerated. Attached guests have the first ones.
    public var virtualInterfaces: Int {
        uplink.virtualInterfaces ?? min(acceleratedVifs.count, UplinkSettings.maximumVirtualInterfaces)
    }
}

/// Where the daemon listens for commands, and who may give them.
public struct ControlSocketSettings: Sendable, Equatable {
    public static let defaultPath = "/run/viaduct/control.sock"

    public var path = Self.defaultPath
    public var access = SocketAccess(mode: 0o600)

    public init() {}
}

/// Where metrics are served over HTTP.
public struct MetricsSettings: Sendable, Equatable, CustomStringConvertible {
    /// An IPv4 or IPv6 address. Whoever reaches it may read all of the daemon's figures.
    public var address = "127.0.0.1"
    public var port = 9464

    public init() {}

    public var description: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

/// Who may connect to a socket: the file's mode, and its owner and group where they are not the process's.
public struct SocketAccess: Sendable, Equatable {
    public var mode: UInt16?
    public var owner: String?
    public var group: String?

    public init(mode: UInt16? = nil, owner: String? = nil, group: String? = nil) {
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}

/// The roles that poll.
public enum HostRole: CaseIterable, Sendable {
    case wire, nic, netback, guest
}

/// Which lcore does what.
public enum LcorePlan: String, CaseIterable, Sendable {
    /// Everything on one lcore.
    case single
    /// Wire and NIC on one lcore, netback and the guest on another.
    case split
    /// One lcore each.
    case each

    public var lcoreCount: Int {
        switch self {
        case .single: 1
        case .split: 2
        case .each: HostRole.allCases.count
        }
    }

    public func loop(for role: HostRole) -> Int {
        switch (self, role) {
        case (.single, _): 0
        case (.split, .wire), (.split, .nic): 0
        case (.split, .netback), (.split, .guest): 1
        case (.each, .wire): 0
        case (.each, .nic): 1
        case (.each, .netback): 2
        case (.each, .guest): 3
        }
    }
}

/// What an lcore does while no packet comes.
public enum IdleChoice: String, CaseIterable, Sendable {
    /// Polls on: lowest latency, a whole CPU.
    case busyPoll = "busy-poll"
    /// Pauses, then sleeps for moments.
    case adaptive
    /// Sleeps soon, and longer.
    case sleep
}

public struct LcoreSettings: Sendable, Equatable {
    public var plan = LcorePlan.split
    /// The CPUs of each of the plan's lcores; nil: each may run on all of them.
    public var cpus: [[Int]]?
    /// Of each of the plan's lcores; nil: ``IdleChoice/adaptive`` for all.
    public var idle: [IdleChoice]?

    public init(plan: LcorePlan = .split) { self.plan = plan }

    /// Of each of the plan's lcores, in their order.
    public var idleChoices: [IdleChoice] { idle ?? Array(repeating: .adaptive, count: plan.lcoreCount) }
}

public struct MemorySettings: Sendable, Equatable {
    public enum Pages: String, CaseIterable, Sendable {
        case ordinary, hugepages, shared
    }

    /// nil: shared with attached guests and capture tools, else hugepages where enough are free, else ordinary.
    public var pages: Pages?
    /// nil: computed.
    public var megabytes: Int?

    public init() {}
}

/// The port to the wire.
public struct UplinkSettings: Sendable, Equatable {
    public enum Device: Sendable, Equatable {
        /// The PCI address of a NIC bound to vfio-pci.
        case pci(String)
        /// A virtual device of DPDK's with its arguments: `net_tap0,iface=x`.
        case virtual(String)
        /// A NIC in software; the wire is a virtual device.
        case softNIC(Personality, wire: String, seed: UInt64)
    }

    public static let maximumVirtualInterfaces = 15

    public var device: Device
    /// Bytes behind the Ethernet header of the longest frame; 0: as the port's driver has it.
    public var mtu = 1500
    /// Queue pairs beside the default one; nil: one for each guest that may be accelerated.
    public var virtualInterfaces: Int?
    public var allowsPools = true
    /// Whether the port fills in checksums and cuts TCP segments where it can.
    public var offloads = true

    public init(device: Device) { self.device = device }
}

public struct SwitchSettings: Sendable, Equatable {
    public var fdbCapacity = 4096
    public var fdbAgeSeconds = 300
    /// Frames of each vif while its path changes.
    public var hold = 8192
    public var maximumVifs = 64

    public init() {}
}

public enum PluginSettings: Sendable, Equatable {
    case accelerated
    case none
    /// `libNAME.so` in the folder.
    case file(name: String, folder: String)

    public var name: String {
        switch self {
        case .accelerated: "accelerated"
        case .none: "none"
        case .file(let name, _): name
        }
    }
}
