// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// The slots of somebody else's burst, lent for one call: how a burst crosses the plugin ABI.
@safe @frozen
public struct BorrowedBurst {
    @usableFromInline let slots: MbufSlots
    public let count: Int

    /// - Parameter slots: `struct rte_mbuf *[count]`, valid for the call.
    @inlinable @inline(always) @_noLocks
    @unsafe public init(_ slots: UnsafeMutableRawPointer, count: UInt16) {
        unsafe self.slots = slots.assumingMemoryBound(to: UnsafeMutablePointer<cdpdk_mbuf>?.self)
        self.count = Int(count)
    }

    /// The mbuf in slot `index`. Slots that are lent to be filled hold none yet: only their lender reads them.
    @inlinable public subscript(index: Int) -> Mbuf {
        @inline(always) @_noLocks get {
            precondition(index >= 0 && index < count, "slot out of the burst")
            return unsafe Mbuf(slots[index].unsafelyUnwrapped)
        }
    }

    /// Puts `mbuf` into slot `index`, which gives up what it held.
    @inlinable @inline(always) @_noLocks
    public func place(_ mbuf: Mbuf, at index: Int) {
        precondition(index >= 0 && index < count, "slot out of the burst")
        unsafe slots[index] = mbuf.unsafePointer
    }
}

extension QueuePair {
    /// As ``receive(into:limit:)``, into lent slots, which are then the lender's mbufs; how many.
    @inlinable @_noLocks
    public func receive(into burst: BorrowedBurst) -> Int {
        guard burst.count > 0 else { return 0 }
        return unsafe Int(
            cdpdk_rx_burst(port.rawValue, receiveQueue, burst.slots, UInt16(truncatingIfNeeded: burst.count)))
    }
}

extension MbufBurst {
    /// The slots, as the plugin ABI passes them.
    @inlinable @unsafe public var unsafeRawSlots: UnsafeMutablePointer<UnsafeMutableRawPointer?> {
        @inline(always) @_noLocks get {
            unsafe UnsafeMutableRawPointer(unsafeSlots).assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
        }
    }
}
