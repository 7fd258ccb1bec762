// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

extension PortID {
    /// Starts a receive queue that was stopped.
    public func startReceiveQueue(_ queue: Int) throws(DPDKError) {
        let operation = "start receive queue \(queue) of \(self)"
        try DPDKError.check(cdpdk_port_rx_queue_start(rawValue, try Self.number(queue, operation)), operation)
    }

    /// Stops one receive queue: frames for it are dropped, and what it held is lost. Its owner must not poll it meanwhile.
    public func stopReceiveQueue(_ queue: Int) throws(DPDKError) {
        let operation = "stop receive queue \(queue) of \(self)"
        try DPDKError.check(cdpdk_port_rx_queue_stop(rawValue, try Self.number(queue, operation)), operation)
    }

    /// Gives a receive queue another pool or size. While the port runs only drivers with
    /// ``PortInformation/canSetUpQueuesWhileRunning`` take it, and only for a queue that is stopped.
    public func setUpReceiveQueue(
        _ queue: Int, descriptors: Int, pool: MempoolHandle, dropsWhenFull: Bool = true
    ) throws(DPDKError) {
        let operation = "set up receive queue \(queue) of \(self)"
        let number = try Self.number(queue, operation)
        guard let size = UInt16(exactly: descriptors) else { throw DPDKError(operation, code: 22) }
        try DPDKError.check(
            unsafe cdpdk_port_rx_queue_setup(rawValue, number, size, pool.pointer, dropsWhenFull), operation)
    }

    private static func number(_ queue: Int, _ operation: String) throws(DPDKError) -> UInt16 {
        guard let number = UInt16(exactly: queue) else { throw DPDKError(operation, code: 22, detail: "no such queue") }
        return number
    }
}
