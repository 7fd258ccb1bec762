// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// A borrowed view of one mbuf: a pointer's worth, copied freely, freed by whoever owns the ``MbufBurst``, ring or queue
/// that holds the mbuf. Do not use it after the mbuf was given away.
///
/// Fields are those of `struct rte_mbuf` (DPDK Programmer's Guide, "Mbuf Library").
@safe @frozen
public struct Mbuf: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): a pointer; who may follow it is decided by the owner of the mbuf, which is one thread.
    public let unsafePointer: UnsafeMutablePointer<cdpdk_mbuf>

    @inlinable @inline(always) @_noLocks
    @unsafe public init(_ pointer: UnsafeMutablePointer<cdpdk_mbuf>) { unsafe unsafePointer = pointer }

    /// Bytes of the first segment.
    @inlinable public var dataLength: Int { @inline(always) @_noLocks get { unsafe Int(unsafePointer.pointee.data_len) } }
    /// Bytes of the frame, all segments.
    @inlinable public var packetLength: Int {
        @inline(always) @_noLocks get { unsafe Int(unsafePointer.pointee.pkt_len) }
    }
    @inlinable public var segmentCount: Int { @inline(always) @_noLocks get { unsafe Int(unsafePointer.pointee.nb_segs) } }
    /// The port that received it.
    @inlinable public var port: UInt16 { @inline(always) @_noLocks get { unsafe unsafePointer.pointee.port } }
    /// Room behind the data of a frame of one segment.
    @inlinable public var tailroom: Int {
        @inline(always) @_noLocks get {
            unsafe Int(unsafePointer.pointee.buf_len) - Int(unsafePointer.pointee.data_off) - dataLength
        }
    }
    /// Whether the sender asks for an offload (checksum, segmentation, tag insertion).
    @inlinable public var requestsTransmitOffload: Bool {
        @inline(always) @_noLocks get { unsafe unsafePointer.pointee.ol_flags & cdpdk_mbuf_tx_offload_mask != 0 }
    }

    /// First byte of the frame; `dataLength` bytes are readable and, by the owner, writable.
    @inlinable @unsafe public var unsafeData: UnsafeMutableRawPointer {
        @inline(always) @_noLocks get { unsafe unsafePointer.pointee.buf_addr + Int(unsafePointer.pointee.data_off) }
    }

    /// Sets the length of a frame of one segment; false when it does not fit or has more segments.
    @inlinable @_noLocks
    public func setLength(_ length: Int) -> Bool {
        guard segmentCount == 1, length >= 0, length <= dataLength + tailroom, length <= 0xFFFF else { return false }
        unsafe unsafePointer.pointee.data_len = UInt16(truncatingIfNeeded: length)
        unsafe unsafePointer.pointee.pkt_len = UInt32(truncatingIfNeeded: length)
        return true
    }

    /// Copies `count` bytes from memory that is no mbuf's to `offset` in the frame.
    ///
    /// - Precondition: both are that long.
    @inlinable @_noLocks @unsafe
    public func write(_ source: UnsafeRawPointer, count: Int, at offset: Int) {
        unsafe cdpdk_copy(unsafeData + offset, source, UInt32(truncatingIfNeeded: count))
    }

    /// Copies `count` bytes from `offset` in the frame to memory that is no mbuf's.
    ///
    /// - Precondition: both are that long.
    @inlinable @_noLocks @unsafe
    public func read(at offset: Int, count: Int, to target: UnsafeMutableRawPointer) {
        unsafe cdpdk_copy(target, unsafeData + offset, UInt32(truncatingIfNeeded: count))
    }

    /// Copies the whole frame of `source` into this empty mbuf, as DMA would; false when it does not fit one buffer.
    @inlinable @_noLocks
    public func copyFrame(from source: Mbuf) -> Bool { unsafe cdpdk_mbuf_copy(unsafePointer, source.unsafePointer) }

    /// Gives the frame `count` (at most 1000) more owners; each of them frees it, and none may change it.
    @inlinable @_noLocks
    public func share(with count: Int) { unsafe cdpdk_mbuf_share(unsafePointer, UInt16(truncatingIfNeeded: count)) }

    /// Brings the mbuf back to the state in which its pool handed it out.
    @inlinable @_noLocks public func reset() { unsafe cdpdk_mbuf_reset(unsafePointer) }
}
