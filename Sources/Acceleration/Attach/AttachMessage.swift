// SPDX-License-Identifier: BSD-3-Clause
public import Wire

/// What a guest that asks to be attached has to know before its EAL starts.
public struct AttachTerms: Hashable, Sendable {
    /// A queue pair of a NIC in software, whose driver's half runs in the guest's process. A real NIC's needs none.
    public struct SoftQueue: Hashable, Sendable {
        /// Name of the NIC.
        public var nic: String
        public var queue: UInt16
        public var descriptors: UInt16
        /// The pool that buffers are posted from: this guest's alone.
        public var mempool: String

        public init(nic: String, queue: UInt16, descriptors: UInt16, mempool: String) {
            self.nic = nic
            self.queue = queue
            self.descriptors = descriptors
            self.mempool = mempool
        }
    }

    public var mac: MACAddress
    /// `--file-prefix` of the host's EAL.
    public var filePrefix: String
    /// The guest's own lcore ids: the main one first.
    public var lcores: [UInt16]
    /// PCI addresses that the host's EAL was allowed; at most ``AttachProtocol/maximumDevices``.
    public var devices: [String]
    /// The guest's rings are named after this.
    public var rings: String
    public var ringDepth: UInt32
    /// The guest's own pool.
    public var mempool: String
    public var softQueue: SoftQueue?

    public init(
        mac: MACAddress, filePrefix: String, lcores: [UInt16], devices: [String], rings: String, ringDepth: UInt32,
        mempool: String, softQueue: SoftQueue?
    ) {
        self.mac = mac
        self.filePrefix = filePrefix
        self.lcores = lcores
        self.devices = devices
        self.rings = rings
        self.ringDepth = ringDepth
        self.mempool = mempool
        self.softQueue = softQueue
    }
}

/// What a host and the process of an attached guest say to each other beside the control link's messages, on the same socket.
public enum AttachMessage: Hashable, Sendable {
    // MARK: From the guest

    /// The first message.
    case hello(version: UInt16, vif: String)
    /// The EAL runs, the rings are found: the guest polls.
    case ready
    /// The guest can't start, and touches nothing of the host's.
    case failed(String)
    case pong(UInt32)
    /// The guest touches nothing of the host's any more, whatever becomes of its process.
    case left

    // MARK: From the host

    case accepted(AttachTerms)
    /// The host's words; it closes the socket behind them.
    case refused(String)
    /// Answer to ``ready``: netback serves the guest's rings, so that frames for it are delivered from now on.
    case admitted
    /// To be answered within the host's limit, or the guest is killed.
    case ping(UInt32)
    /// The host is about to end: the guest leaves at once, and says ``left``.
    case ending
}

/// Constants of the attach protocol.
public enum AttachProtocol {
    /// Rises with every change of the messages or of what lies in shared memory.
    public static let version: UInt16 = 2
    public static let maximumName = 64
    public static let maximumText = 256
    public static let maximumLcores = 16
    public static let maximumDevices = 16

    /// First octets of every message: 0xA7, then the version of the encoding.
    static let mark: UInt16 = 0xA701

    /// Whether these octets are meant to be an ``AttachMessage``; others are the control link's.
    public static func isAttachMessage(_ bytes: [UInt8]) -> Bool { bytes.first == UInt8(mark >> 8) }
}
