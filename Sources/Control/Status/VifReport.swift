// SPDX-License-Identifier: BSD-3-Clause

/// One vif, for any tool.
public struct VifReport: Codable, Sendable, Equatable {
    public enum Path: String, Codable, Sendable {
        case slow, fast
    }

    /// Why a vif is not accelerated, or was not by a better form.
    public struct Reason: Codable, Sendable, Equatable {
        /// One of `AccelerationReason.Code`, by name.
        public var code: String
        /// The driver's or the peer's own words; may be empty.
        public var words: String

        public init(code: String, words: String) {
            self.code = code
            self.words = words
        }
    }

    /// A form of steering that is not used.
    public struct RefusedForm: Codable, Sendable, Equatable {
        public var form: String
        public var reason: String

        public init(form: String, reason: String) {
            self.form = form
            self.reason = reason
        }
    }

    /// How long changes of path to one side took, all that there were.
    public struct Durations: Codable, Sendable, Equatable {
        /// How many took no longer than a limit.
        public struct Bucket: Codable, Sendable, Equatable {
            /// nil in the last one: no limit.
            public var limitSeconds: Double?
            /// Those of the buckets before included.
            public var count: UInt64

            public init(limitSeconds: Double?, count: UInt64) {
                self.limitSeconds = limitSeconds
                self.count = count
            }
        }

        /// All of them.
        public var count: UInt64
        /// Of all together.
        public var seconds: Double
        public var buckets: [Bucket]

        public init(count: UInt64, seconds: Double, buckets: [Bucket]) {
            self.count = count
            self.seconds = seconds
            self.buckets = buckets
        }
    }

    /// By direction.
    public struct Switches: Codable, Sendable, Equatable {
        public var toFast, toSlow: Durations

        public init(toFast: Durations, toSlow: Durations) {
            self.toFast = toFast
            self.toSlow = toSlow
        }
    }

    /// Of a vif for attached guests.
    public struct Attachment: Codable, Sendable, Equatable {
        public var stage: String
        public var pid: Int32?
        public var served, ended, killed, reclaimed, refused: Int
        public var longestReclaimMilliseconds: Double
        /// Why the last guest was ended or refused.
        public var reason: String?
        /// Why the VI can't be granted before the port was reset.
        public var quarantine: String?

        public init(
            stage: String, pid: Int32?, served: Int, ended: Int, killed: Int, reclaimed: Int, refused: Int,
            longestReclaimMilliseconds: Double, reason: String?, quarantine: String?
        ) {
            self.stage = stage
            self.pid = pid
            self.served = served
            self.ended = ended
            self.killed = killed
            self.reclaimed = reclaimed
            self.refused = refused
            self.longestReclaimMilliseconds = longestReclaimMilliseconds
            self.reason = reason
            self.quarantine = quarantine
        }
    }

    /// One that is made anew, under its name, has another.
    public var number: UInt32
    public var name: String
    public var kind: VifSettings.Kind
    public var mac: String
    public var vlan: UInt16?
    /// Keys and values that make this vif, as in the configuration file.
    public var settings: ConfigurationTree
    /// Whether a guest serves the other end of the slow path.
    public var isConnected: Bool
    /// Of a remote vif that may be accelerated: whether its guest has come to the control link, too.
    public var hasControlLink: Bool?
    /// Queue pairs that it uses; 0 without a guest.
    public var queuePairs: Int
    public var path: Path
    public var isAccelerationWanted: Bool
    /// `none`, `offered`, `granted`, `proving`, `connected`, `draining`, `refused` or `quarantined`.
    public var state: String
    /// `A` to `F`.
    public var form: String?
    /// What of the guest's frames the form can steer, in words.
    public var coverage: String?
    public var reason: Reason?
    public var refusedForms: [RefusedForm]
    public var toGuest: FrameCount
    public var fromGuest: FrameCount
    /// By name; all that the vif counts.
    public var counters: [String: UInt64]
    /// Connections that were ended since the guest's memory was not what it said.
    public var memoryFaults: Int
    /// What was wrong the last time, in words.
    public var memoryFault: String?
    public var attachment: Attachment?
    /// Changes of its path since it was made; nil for one that can't be accelerated.
    public var switches: Switches?

    public init(
        number: UInt32, name: String, kind: VifSettings.Kind,
        mac: String, vlan: UInt16?, settings: ConfigurationTree, isConnected: Bool,
        hasControlLink: Bool? = nil, queuePairs: Int,
        path: Path, isAccelerationWanted: Bool, state: String, form: String?, coverage: String?, reason: Reason?,
        refusedForms: [RefusedForm], toGuest: FrameCount, fromGuest: FrameCount, counters: [String: UInt64],
        memoryFaults: Int, memoryFault: String?, attachment: Attachment?,
        switches: Switches? = nil
    ) {
        self.number = number
        self.name = name
        self.kind = kind
        self.mac = mac
        self.vlan = vlan
        self.settings = settings
        self.isConnected = isConnected
        self.hasControlLink = hasControlLink
        self.queuePairs = queuePairs
        self.path = path
        self.isAccelerationWanted = isAccelerationWanted
        self.state = state
        self.form = form
        self.coverage = coverage
        self.reason = reason
        self.refusedForms = refusedForms
        self.toGuest = toGuest
        self.fromGuest = fromGuest
        self.counters = counters
        self.memoryFaults = memoryFaults
        self.memoryFault = memoryFault
        self.attachment = attachment
        self.switches = switches
    }
}
