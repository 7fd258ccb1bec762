// SPDX-License-Identifier: BSD-3-Clause

/// What a daemon says of itself. Below, every field by its name in JSON.
public struct StatusReport: Codable, Sendable, Equatable {
    /// Is raised when a field goes or changes its meaning; new fields come without.
    public static let schemaVersion = 1

    public var schemaVersion = Self.schemaVersion
    public var pid: Int32
    public var uptimeSeconds: Double
    public var lcores: [LcoreReport]
    public var uplink: UplinkReport
    public var plugin: PluginReport
    public var `switch`: SwitchReport
    public var vifs: [VifReport]

    public init(
        pid: Int32, uptimeSeconds: Double, lcores: [LcoreReport], uplink: UplinkReport, plugin: PluginReport,
        switching: SwitchReport, vifs: [VifReport]
    ) {
        self.pid = pid
        self.uptimeSeconds = uptimeSeconds
        self.lcores = lcores
        self.uplink = uplink
        self.plugin = plugin
        self.switch = switching
        self.vifs = vifs
    }
}

/// What became of frames: in = delivered + dropped + held, at any moment at which nothing moves.
public struct FrameCount: Codable, Sendable, Equatable {
    public var `in`: UInt64
    public var delivered: UInt64
    /// By reason; without those that never happened.
    public var drops: [String: UInt64]
    /// All of ``drops`` together.
    public var dropped: UInt64
    public var held: UInt64

    public init(in arrived: UInt64, delivered: UInt64, drops: [String: UInt64], held: UInt64) {
        self.in = arrived
        self.delivered = delivered
        self.drops = drops.filter { $0.value > 0 }
        dropped = drops.values.reduce(0, +)
        self.held = held
    }
}

/// The port to the wire.
public struct UplinkReport: Codable, Sendable, Equatable {
    /// As the port is named in the configuration.
    public var device: String
    public var driver: String
    public var isLinkUp: Bool
    public var mtu: Int
    /// Why the port can't be used now; nil while it can.
    public var outOfUse: String?
    public var resets: UInt64
    public var recoveries: UInt64
    public var failures: UInt64
    /// What the port itself counted.
    public var received: UInt64
    public var transmitted: UInt64
    /// Of those frames, without their check sequence.
    public var receivedBytes: UInt64
    public var transmittedBytes: UInt64
    public var missed: UInt64
    public var noMbuf: UInt64
    public var errors: UInt64

    public init(
        device: String, driver: String, isLinkUp: Bool, mtu: Int, outOfUse: String?, resets: UInt64, recoveries: UInt64,
        failures: UInt64, received: UInt64, transmitted: UInt64, receivedBytes: UInt64, transmittedBytes: UInt64,
        missed: UInt64, noMbuf: UInt64, errors: UInt64
    ) {
        self.device = device
        self.driver = driver
        self.isLinkUp = isLinkUp
        self.mtu = mtu
        self.outOfUse = outOfUse
        self.resets = resets
        self.recoveries = recoveries
        self.failures = failures
        self.received = received
        self.transmitted = transmitted
        self.receivedBytes = receivedBytes
        self.transmittedBytes = transmittedBytes
        self.missed = missed
        self.noMbuf = noMbuf
        self.errors = errors
    }
}

/// Who accelerates, and with what.
public struct PluginReport: Codable, Sendable, Equatable {
    public struct VirtualInterfaces: Codable, Sendable, Equatable {
        public var free, granted, quarantined: Int

        public init(free: Int, granted: Int, quarantined: Int) {
            self.free = free
            self.granted = granted
            self.quarantined = quarantined
        }
    }

    /// `accelerated`, `none`, or the name of a file.
    public var name: String
    /// Flow rules in the port; nil where the plugin doesn't say.
    public var rules: Int?
    public var virtualInterfaces: VirtualInterfaces?
    /// VIs that are queue pairs of the port, with what the port counted there.
    public var interfaces: [Interface] = []
    /// VIs that are carried to guests in other processes.
    public var exports: [Export] = []

    public struct Interface: Codable, Sendable, Equatable {
        /// The queue pair of the uplink.
        public var queue: UInt16
        /// The vif that has it now.
        public var vif: String?
        /// nil while nothing was counted, which it is for good where the driver does not count by queue.
        public var count: Count?

        /// Since the start of the port, whoever had the VI; bytes without check sequences.
        public struct Count: Codable, Sendable, Equatable {
            public var receivedFrames, receivedBytes, transmittedFrames, transmittedBytes: UInt64

            public init(receivedFrames: UInt64, receivedBytes: UInt64, transmittedFrames: UInt64, transmittedBytes: UInt64) {
                self.receivedFrames = receivedFrames
                self.receivedBytes = receivedBytes
                self.transmittedFrames = transmittedFrames
                self.transmittedBytes = transmittedBytes
            }
        }

        public init(queue: UInt16, vif: String?, count: Count?) {
            self.queue = queue
            self.vif = vif
            self.count = count
        }
    }

    public struct Export: Codable, Sendable, Equatable {
        /// The VI's queue pair of the uplink.
        public var queue: UInt16
        /// The vif that has it now.
        public var vif: String?
        /// Frames since the start, whoever had the VI: from the NIC, and of those to a guest; from a guest, and of those to the NIC.
        public var received, delivered, taken, sent: UInt64
        /// By name.
        public var drops: [String: UInt64]
        /// Memif sessions that ended because their guest broke the rules of the rings.
        public var brokenSessions: UInt64

        public init(
            queue: UInt16, vif: String?, received: UInt64, delivered: UInt64, taken: UInt64, sent: UInt64,
            drops: [String: UInt64], brokenSessions: UInt64
        ) {
            self.queue = queue
            self.vif = vif
            self.received = received
            self.delivered = delivered
            self.taken = taken
            self.sent = sent
            self.drops = drops
            self.brokenSessions = brokenSessions
        }
    }

    public init(name: String, rules: Int?, virtualInterfaces: VirtualInterfaces?) {
        self.name = name
        self.rules = rules
        self.virtualInterfaces = virtualInterfaces
    }
}

/// The switch as a whole.
public struct SwitchReport: Codable, Sendable, Equatable {
    public var frames: FrameCount
    /// In the table, the vifs' own included.
    public var addresses: UInt64
    /// By name; all that the switch counts.
    public var counters: [String: UInt64]

    public init(frames: FrameCount, addresses: UInt64, counters: [String: UInt64]) {
        self.frames = frames
        self.addresses = addresses
        self.counters = counters
    }
}
