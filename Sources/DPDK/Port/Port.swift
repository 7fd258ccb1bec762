// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// A configured, started ethdev port that this value owns: stopped and closed with it.
public struct Port: ~Copyable, Sendable {
    public let id: PortID
    /// The virtual device to detach behind the port, if this value attached it.
    private let virtualDevice: String?
    public let queuePairCount: Int
    /// What the port was set up with, for the next time.
    private let queues: Queues
    private let pools: [MempoolHandle]
    private var isPromiscuous = false

    /// How to set a port's queues up.
    public struct Queues: Sendable {
        public var pairs: Int
        public var receiveDescriptors: Int
        public var transmitDescriptors: Int
        /// Queues from this one on drop frames when nobody reads them, instead of stalling the port
        /// (`rx_drop_en`; ixgbe, i40e and igb default to stalling).
        public var dropWhenFullFrom: Int
        /// VMDq pools to configure: frames whose address is in no pool, and all others that match nothing, go to the first
        /// pool or the port's own queues; group-addressed frames also to every pool. nil: no pools. `pairs` must reach as
        /// far as the last pool's queues (``VMDqLimits``).
        public var pools: Int?
        /// Whether the transmitter does what it can about unfinished frames. It may cost the driver's fastest way to send.
        public var usesOffloads = false
        /// Bytes behind the Ethernet header of the longest frame; nil: as the driver has it. The receive queues' pools need room for
        /// it in one mbuf.
        public var mtu: Int?

        public init(
            pairs: Int = 1, receiveDescriptors: Int = 1024, transmitDescriptors: Int = 1024, dropWhenFullFrom: Int = 1,
            pools: Int? = nil
        ) {
            self.pairs = pairs
            self.receiveDescriptors = receiveDescriptors
            self.transmitDescriptors = transmitDescriptors
            self.dropWhenFullFrom = dropWhenFullFrom
            self.pools = pools
        }
    }

    /// Configures and starts `id`. `pool` names each receive queue's pool.
    ///
    /// - Throws: also when the device has fewer queues than wanted.
    public init(
        starting id: PortID, queues: Queues, virtualDevice: String? = nil, pool: (Int) -> MempoolHandle
    ) throws(DPDKError) {
        self.id = id
        self.virtualDevice = virtualDevice
        queuePairCount = queues.pairs
        self.queues = queues
        pools = (0..<queues.pairs).map(pool)
        do {
            try Self.setUp(id, queues, pools)
        } catch {
            Self.takeDown(id, virtualDevice)
            throw error
        }
    }

    private static func setUp(_ id: PortID, _ queues: Queues, _ pools: [MempoolHandle]) throws(DPDKError) {
        let port = id.rawValue
        let information = try id.information
        let most = min(information.maximumReceiveQueues, information.maximumTransmitQueues)
        guard queues.pairs <= most else {
            throw DPDKError(
                "configure \(information.name) with \(queues.pairs) queue pairs", code: 34,
                detail: "\(information.driver) has \(most)")
        }
        if let pools = queues.pools {
            let limit = information.vmdq?.maximumPools ?? 0
            guard (1...Swift.max(1, limit)).contains(pools), limit > 0 else {
                throw DPDKError(
                    "configure \(information.name) with \(pools) pools", code: 34,
                    detail: limit == 0 ? "\(information.driver) has none" : "\(information.driver) has 1 to \(limit)")
            }
        }
        try DPDKError.check(
            cdpdk_port_configure(
                port, UInt16(queues.pairs), UInt16(queues.pairs), UInt16(queues.pools ?? 0),
                queues.usesOffloads ? information.offloads.rawValue : 0),
            "configure \(information.name)")
        // net_af_packet names a limit of 1514 bytes that it does not have: the interface behind it has the MTU.
        if let mtu = queues.mtu, mtu != information.mtu, information.driver != "net_af_packet" {
            try DPDKError.check(cdpdk_port_set_mtu(port, UInt16(mtu)), "set the MTU of \(information.name) to \(mtu)")
        }
        for queue in 0..<queues.pairs {
            let number = UInt16(queue)
            try DPDKError.check(
                unsafe cdpdk_port_rx_queue_setup(
                    port, number, UInt16(queues.receiveDescriptors), pools[queue].pointer, queue >= queues.dropWhenFullFrom),
                "set up receive queue \(queue) of \(information.name)")
            try DPDKError.check(
                cdpdk_port_tx_queue_setup(port, number, UInt16(queues.transmitDescriptors)),
                "set up transmit queue \(queue) of \(information.name)")
        }
        try DPDKError.check(cdpdk_port_start(port), "start \(information.name)")
    }

    private static func takeDown(_ id: PortID, _ virtualDevice: String?) {
        // A vhost-user back end's answers to the stop are interrupts for net_virtio_user, whose handler may still be looking at the port
        // when it is freed (DPDK 22.11, virtio_interrupt_handler).
        let answers = (try? id.information.driver) == "net_virtio_user"
        let hold = unsafe answers ? cdpdk_interrupts_hold() : nil
        defer { unsafe cdpdk_interrupts_release(hold) }
        _ = cdpdk_port_stop(id.rawValue)
        _ = cdpdk_port_close(id.rawValue)
        if let virtualDevice { _ = unsafe cdpdk_vdev_detach(virtualDevice) }
    }

    deinit { Self.takeDown(id, virtualDevice) }

    /// Adds a virtual device such as `net_tap0` with `iface=tap0` to this process; its port, still unconfigured.
    ///
    /// Local to the process (rte_vdev_init), so it never waits for secondary processes.
    public static func attach(_ name: String, arguments: String) throws(DPDKError) -> PortID {
        // Lines from before say nothing about this device.
        _ = DPDKLog.takeLastLine()
        let result = unsafe cdpdk_vdev_attach(name, arguments)
        if result >= 0 { return PortID(rawValue: UInt16(result)) }
        let operation = arguments.isEmpty ? "attach \(name)" : "attach \(name),\(arguments)"
        let words = DPDKLog.takeLastLine()
        // The bus answers -1, without a word, when no driver takes the name; a few drivers when they don't know an argument.
        if result == -1 && words == nil {
            throw DPDKError(
                operation, code: 19,
                detail: "no driver takes that name, or its arguments: is its package (librte-net-...) installed?")
        }
        throw DPDKError(operation, code: result, detail: words)
    }

    /// Undoes ``attach(_:arguments:)`` for a port that was never started.
    public static func detach(_ name: String) { _ = unsafe cdpdk_vdev_detach(name) }

    /// Stops the port: no queue moves frames any more, what they held is lost, and flow rules are gone. No lcore may be
    /// using its queues. Does nothing when it is stopped.
    public mutating func stop() throws(DPDKError) { try DPDKError.check(cdpdk_port_stop(id.rawValue), "stop \(id)") }

    /// Starts the port again after ``stop()``, with its configuration and its pools' addresses, and without its flow rules.
    public mutating func start() throws(DPDKError) { try DPDKError.check(cdpdk_port_start(id.rawValue), "start \(id)") }

    /// Resets the port and starts it again with the queues, the pools and the mode that it had; addresses of pools and flow
    /// rules are gone. For a port that asks for it (``PortEvent/resetRequested``), or that has to start over.
    ///
    /// No lcore may be using its queues, and the thread must not be the one on which the event was reported
    /// (rte_eth_dev_reset: "stop calling Tx and Rx functions", then configure, set up the queues and start). Where the driver has no
    /// reset the port is stopped, set up anew and started.
    ///
    /// - Parameter whileDown: called once no queue of the port holds an mbuf, before any is set up again.
    /// - Throws: the port is down then; another call may bring it back.
    public mutating func reset(whileDown: () throws(DPDKError) -> Void = {}) throws(DPDKError) {
        let result = cdpdk_port_reset(id.rawValue)
        if result == DPDKError.notSupported {
            try stop()
        } else {
            try DPDKError.check(result, "reset \(id)")
        }
        try whileDown()
        try Self.setUp(id, queues, pools)
        if isPromiscuous { try setPromiscuous(true) }
    }

    /// Receives frames for every address.
    public mutating func setPromiscuous(_ on: Bool) throws(DPDKError) {
        try DPDKError.check(cdpdk_port_promiscuous(id.rawValue, on), "set \(id) promiscuous")
        isPromiscuous = on
    }

    public func queuePair(_ index: Int, transmitDescriptors: Int = 1024) -> QueuePair {
        precondition(index >= 0 && index < queuePairCount, "no such queue pair")
        return QueuePair(
            port: id, receiveQueue: UInt16(index), transmitQueue: UInt16(index),
            transmitDescriptors: UInt16(transmitDescriptors))
    }
}
