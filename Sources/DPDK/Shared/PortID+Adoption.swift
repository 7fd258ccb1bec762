// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

extension PortID {
    /// In the process of a guest that was granted a queue pair of this port, a NIC in software: puts the ``SoftDevice`` of this
    /// process behind the queue pair's bursts. The port was set up by another process.
    public func adoptQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {
        try DPDKError.check(
            unsafe cdpdk_soft_device_adopt_queue(rawValue, queue, UInt16(descriptors), pool.pointer),
            "adopt queue pair \(queue) of \(self)")
    }
}

extension PortID {
    /// Stops a receive and a transmit queue while the port runs: their driver frees every mbuf that they hold.
    ///
    /// - Throws: where the driver can't (net_e1000_igb, net_ring).
    public func stopQueuePair(_ queue: Int) throws(DPDKError) {
        try DPDKError.check(cdpdk_queue_pair_stop(rawValue, UInt16(queue)), "stop queue pair \(queue) of \(self)")
    }

    public func startQueuePair(_ queue: Int) throws(DPDKError) {
        try DPDKError.check(cdpdk_queue_pair_start(rawValue, UInt16(queue)), "start queue pair \(queue) of \(self)")
    }
}
