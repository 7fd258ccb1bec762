// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// A driver family's numbers.
struct PersonalityTraits: Sendable {
    let driver: String
    /// PCI device id.
    var deviceID: UInt16?
    /// MAC addresses that the port takes, its own included.
    var addressSlots = 1
    /// mac_addr_add exists.
    var takesAddresses = true
    /// rx_queue_start and rx_queue_stop exist.
    var canStopQueues = false
    /// RTE_ETH_DEV_CAPA_RUNTIME_RX_QUEUE_SETUP.
    var canSetUpQueuesWhileRunning = false
    /// A full queue drops, whatever rx_drop_en says.
    var alwaysDrops = true
    var pools: PoolTraits?
    /// The driver takes addresses for any pool and ignores which.
    var ignoresPools = false
}

/// How a driver family does VMDq.
struct PoolTraits: Sendable {
    /// The limits of a port with so many queue pairs; nil when they are too few for any pool.
    let limits: @Sendable (_ queuePairs: Int) -> VMDqLimits?
    /// The first queue of a pool on a port that was configured with so many queues and pools, where that is not what the
    /// limits say.
    var queue: (@Sendable (_ pool: Int, _ queues: Int, _ pools: Int) -> Int)?
    /// Tagged frames go to a pool by their address too. Not where the driver switches the VLAN filter on: without a VLAN map
    /// they all go to the default queue.
    var takeTaggedFrames = true
    /// Frames to the port's own address go to every pool.
    var shareOwnAddress = false
    /// Pool 0 is the port's own queues, and takes addresses like the others.
    var portIsPoolZero = false
}
