// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// One queue pair of a connected vhost-user guest. The host's view: it enqueues into the guest's receive vring and dequeues from
/// its transmit vring (virtio 1.2 section 5.1.2).
///
/// - Lcore: one at a time for each direction.
@frozen
public struct VhostQueuePair: Sendable, Equatable {
    public let device: VhostDeviceID
    /// Virtqueue numbers.
    @usableFromInline let receiveVring: UInt16
    @usableFromInline let transmitVring: UInt16

    @inlinable @_noLocks
    public init(device: VhostDeviceID, pair: UInt16) {
        self.device = device
        receiveVring = pair &* 2
        transmitVring = pair &* 2 &+ 1
    }

    /// Says to the guest that both vrings are polled: it need not kick.
    @inlinable @_noLocks
    public func expectNoKicks() {
        cdpdk_vhost_quiet(device, receiveVring)
        cdpdk_vhost_quiet(device, transmitVring)
    }

    /// Copies the burst's frames from place `first` on into the guest's memory, as many as it has buffers for; how many. The mbufs all stay
    /// the caller's.
    @inlinable @_noLocks
    public func enqueue(_ burst: borrowing MbufBurst, from first: Int = 0) -> Int {
        precondition(first >= 0 && first <= burst.count, "slot out of the burst")
        guard burst.count > first else { return 0 }
        return unsafe Int(
            cdpdk_vhost_enqueue(
                device, receiveVring, burst.unsafeSlots + first, UInt16(truncatingIfNeeded: burst.count - first)))
    }

    /// Copies up to `limit` frames out of the guest's memory into mbufs of `pool` at the end of `burst`; how many.
    @inlinable @_noLocks @discardableResult
    public func dequeue(into burst: inout MbufBurst, pool: MempoolHandle, limit: Int = .max) -> Int {
        let room = burst.freeCapacity < limit ? burst.freeCapacity : limit
        guard room > 0 else { return 0 }
        let taken = unsafe cdpdk_vhost_dequeue(
            device, transmitVring, pool.pointer, burst.unsafeFreeSlots, UInt16(truncatingIfNeeded: room))
        unsafe burst.unsafeCommit(Int(taken))
        return Int(taken)
    }
}
