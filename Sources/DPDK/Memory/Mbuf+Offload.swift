// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// What the sender of a frame left for others to do: TCP and UDP checksums, segments of up to 64 KB (virtio 1.2 section 5.1.6.2). For the
/// owner of an mbuf that nobody else refers to.
extension Mbuf {
    /// Whether something may be left to do: ``finish(for:)`` finds out.
    @inlinable public var mayBeUnfinished: Bool {
        @inline(always) @_noLocks get { unsafe unsafePointer.pointee.ol_flags & cdpdk_mbuf_unfinished_mask != 0 }
    }

    /// Whether a receiver is asked to cut, or take whole, a TCP segment that is longer than its frames.
    @inlinable public var requestsSegmentation: Bool {
        @inline(always) @_noLocks get { unsafe unsafePointer.pointee.ol_flags & cdpdk_mbuf_segmentation_flag != 0 }
    }

    /// What ``finish(for:)`` came to.
    public enum Finish: Sendable {
        /// The receiver can be given the frame as it is now.
        case done
        /// It has to be cut into so many frames by ``split(from:pool:into:)`` first.
        case pieces(Int)
        /// Its headers make no sense for what its sender left.
        case senseless
    }

    /// Does what is left to do, as far as `receiver` does not do it by itself; asks it for the rest by transmit flags.
    @_noLocks
    public func finish(for receiver: Offloads) -> Finish {
        let result = unsafe cdpdk_mbuf_finish(unsafePointer, receiver.rawValue)
        if result == 0 { return .done }
        return result > 0 ? .pieces(Int(result)) : .senseless
    }

    /// Writes pieces of a TCP segment, from number `first` on, to the end of `burst`, as many as it has room for; how many. 0: the
    /// pool has no mbuf left. They are copies, and finished.
    @_noLocks
    public func split(from first: Int, pool: MempoolHandle, into burst: inout MbufBurst) -> Int {
        let made = unsafe cdpdk_mbuf_split(
            unsafePointer, UInt32(truncatingIfNeeded: first), pool.pointer, burst.unsafeFreeSlots,
            UInt32(truncatingIfNeeded: burst.freeCapacity))
        guard made > 0 else { return 0 }
        unsafe burst.unsafeCommit(Int(made))
        return Int(made)
    }

    /// Bytes of the longest frame that a port makes of this one.
    public var longestFrame: Int { @_noLocks get { unsafe Int(cdpdk_mbuf_segment_length(unsafePointer)) } }

    /// A copy of the whole frame, and of what is left to do about it, at the end of `burst`; false when the pool has not enough mbufs.
    @_noLocks
    public func copyWhole(pool: MempoolHandle, into burst: inout MbufBurst) -> Bool {
        guard burst.freeCapacity > 0, let copy = unsafe cdpdk_mbuf_copy_whole(unsafePointer, pool.pointer) else { return false }
        unsafe burst.append(Mbuf(copy))
        return true
    }
}

extension QueuePair {
    /// Makes a frame with transmit flags ready for the driver (rte_eth_tx_prepare); false when it can't send it so.
    @_noLocks
    public func prepare(_ mbuf: Mbuf) -> Bool { unsafe cdpdk_tx_prepare(port.rawValue, transmitQueue, mbuf.unsafePointer) }
}
