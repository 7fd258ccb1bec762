// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
public import Wire

extension Mbuf {
    /// The bytes of the first segment, for reading. Valid while the mbuf is held.
    @inlinable public var bytes: ByteView {
        @inline(always) @_noLocks get { unsafe ByteView(unsafeStart: unsafeData, count: dataLength) }
    }

    /// The bytes of the first segment, for its owner to change.
    @inlinable public var mutableBytes: MutableByteView {
        @inline(always) @_noLocks get { unsafe MutableByteView(unsafeStart: unsafeData, count: dataLength) }
    }

    /// The first segment's whole buffer from the data on, for an owner that builds a frame; then ``Mbuf/setLength(_:)``.
    @inlinable public var frameBuffer: MutableByteView {
        @inline(always) @_noLocks get { unsafe MutableByteView(unsafeStart: unsafeData, count: dataLength + tailroom) }
    }
}
