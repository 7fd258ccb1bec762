// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// One receive and one transmit queue of a port: what a poll loop polls, and what a VI consists of.
///
/// A number, not an owner: who holds a queue pair is the business of whoever hands it out. Only one lcore at a time may call.
@frozen
public struct QueuePair: Sendable, Equatable {
    public let port: PortID
    public let receiveQueue: UInt16
    public let transmitQueue: UInt16
    /// Size of the transmit ring.
    public let transmitDescriptors: UInt16

    @inlinable
    public init(port: PortID, receiveQueue: UInt16, transmitQueue: UInt16, transmitDescriptors: UInt16) {
        self.port = port
        self.receiveQueue = receiveQueue
        self.transmitQueue = transmitQueue
        self.transmitDescriptors = transmitDescriptors
    }

    /// Receives up to `limit` mbufs, as many as `burst` has room for, without waiting; how many.
    ///
    /// 0 when the queue is empty; as many as asked for means that more are probably waiting. Errors are not reported here: see
    /// ``PortID/statistics`` (rte_eth_rx_burst).
    ///
    /// - Cost: one driver call; no allocation.
    @inlinable @_noLocks @discardableResult
    public func receive(into burst: inout MbufBurst, limit: Int = .max) -> Int {
        let room = burst.freeCapacity < limit ? burst.freeCapacity : limit
        guard room > 0 else { return 0 }
        let received = unsafe cdpdk_rx_burst(
            port.rawValue, receiveQueue, burst.unsafeFreeSlots, UInt16(truncatingIfNeeded: room))
        unsafe burst.unsafeCommit(Int(received))
        return Int(received)
    }

    /// Gives the burst's first mbufs to the NIC, as many as there are descriptors for; how many. The rest stay in the burst,
    /// in order, and stay the caller's (rte_eth_tx_burst).
    @inlinable @_noLocks @discardableResult
    public func transmit(_ burst: inout MbufBurst) -> Int {
        guard burst.count > 0 else { return 0 }
        let sent = unsafe cdpdk_tx_burst(
            port.rawValue, transmitQueue, burst.unsafeSlots, UInt16(truncatingIfNeeded: burst.count))
        burst.removeFirst(Int(sent))
        return Int(sent)
    }

    /// Whether every descriptor but the `newer` last posted ones is done: nil where the driver cannot tell.
    @inlinable @_noLocks
    public func isTransmitDone(exceptNewest newer: UInt32) -> Bool? {
        let result = cdpdk_tx_done(port.rawValue, transmitQueue, transmitDescriptors, newer)
        return result < 0 ? nil : result == 1
    }
}
