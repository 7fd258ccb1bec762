// SPDX-License-Identifier: BSD-3-Clause

// This is the only file of the module that says `unsafe`. Both views live in it, so that whoever audits memory
// safety of all parsing and writing reads one file.
//
// WHY UNSAFE: `RawSpan` is the safe form, but a function marked `@_noLocks` may not create one (Swift 6.3), and
// every poll loop is such a function.
//
// SAFETY, for each access below: `start` points at `count` readable (for `MutableByteView` also writable) bytes,
// which is what the caller of the `@unsafe` initialiser vouched for; every slice is cut from a view that already
// satisfied it; and `requireRange` has just trapped unless offset..<offset+width lies in 0..<count. Loads and stores
// are spelled unaligned, because a header may begin at any byte.

/// Reads of network-order values from a run of bytes that somebody else owns, each checked against the length.
///
/// A view is two words, is copied freely and owns nothing: it is valid only as long as the memory behind it, usually
/// until the mbuf is released. An offset outside the view traps, so a caller compares lengths first; the parsers of
/// this module do, and give `nil` for a frame that is too short.
///
/// - Cost: one compare an access; no allocation.
@safe @frozen
public struct ByteView {
    @usableFromInline
    let start: UnsafeRawPointer

    /// Number of bytes that may be read.
    public let count: Int

    /// Makes a view of `count` bytes at `unsafeStart`.
    ///
    /// - Precondition: `count` is not negative. The bytes stay readable for as long as the view or any slice of it is
    ///   in use; nothing checks this, hence `@unsafe`.
    @inlinable @_noLocks @unsafe
    public init(unsafeStart: UnsafeRawPointer, count: Int) {
        precondition(count >= 0, "a view cannot have a negative length")
        unsafe self.start = unsafeStart
        self.count = count
    }

    /// Traps unless `width` bytes can be accessed at `offset`.
    @inlinable @inline(always) @_noLocks
    func requireRange(_ offset: Int, _ width: Int) {
        // Neither subtraction overflows: count and width are not negative, and offset is compared with zero first.
        precondition(offset >= 0 && offset <= count - width, "access outside of the view")
    }

    /// The byte at `offset`.
    @inlinable
    public subscript(offset: Int) -> UInt8 {
        @_noLocks get {
            requireRange(offset, 1)
            return unsafe start.load(fromByteOffset: offset, as: UInt8.self)
        }
    }

    /// The big-endian 16-bit value at `offset`.
    @inlinable @_noLocks
    public func u16(at offset: Int) -> UInt16 {
        requireRange(offset, 2)
        return unsafe UInt16(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The big-endian 32-bit value at `offset`.
    @inlinable @_noLocks
    public func u32(at offset: Int) -> UInt32 {
        requireRange(offset, 4)
        return unsafe UInt32(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The big-endian 64-bit value at `offset`.
    @inlinable @_noLocks
    public func u64(at offset: Int) -> UInt64 {
        requireRange(offset, 8)
        return unsafe UInt64(bigEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The `count` bytes from `offset` on, or `nil` unless all of them lie within this view.
    @inlinable @_noLocks
    public func slice(from offset: Int, count: Int) -> ByteView? {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else { return nil }
        return unsafe ByteView(unsafeStart: start + offset, count: count)
    }

    /// Copies the whole view into `target` at `offset`; the two may overlap.
    ///
    /// - Precondition: the bytes fit. ``MutableByteView/copy(from:at:)`` is the form that answers instead of trapping.
    @inlinable @_noLocks
    public func copyBytes(into target: MutableByteView, at offset: Int) {
        target.view.requireRange(offset, count)
        unsafe (target.start + offset).copyMemory(from: start, byteCount: count)
    }
}

/// Writes of network-order values into a run of bytes that somebody else owns, each checked against the length.
///
/// Like ``ByteView`` it owns nothing, and an offset outside it traps. Copies of the view refer to the same bytes, so
/// the setters are not `mutating`. Reads go through ``view`` or the same-named functions here.
@safe @frozen
public struct MutableByteView {
    @usableFromInline
    let start: UnsafeMutableRawPointer

    /// Number of bytes that may be read and written.
    public let count: Int

    /// Makes a writable view of `count` bytes at `unsafeStart`.
    ///
    /// - Precondition: `count` is not negative. The bytes stay readable and writable for as long as the view or any
    ///   slice of it is in use, and no other thread touches them meanwhile; nothing checks this, hence `@unsafe`.
    @inlinable @_noLocks @unsafe
    public init(unsafeStart: UnsafeMutableRawPointer, count: Int) {
        precondition(count >= 0, "a view cannot have a negative length")
        unsafe self.start = unsafeStart
        self.count = count
    }

    /// The same bytes, to read.
    @inlinable
    public var view: ByteView {
        @_noLocks get { unsafe ByteView(unsafeStart: UnsafeRawPointer(start), count: count) }
    }

    /// Writes one byte at `offset`.
    @inlinable @_noLocks
    public func set(u8 value: UInt8, at offset: Int) {
        view.requireRange(offset, 1)
        unsafe start.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    /// Writes a 16-bit value at `offset`, big-endian.
    @inlinable @_noLocks
    public func set(u16 value: UInt16, at offset: Int) {
        view.requireRange(offset, 2)
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Writes a 32-bit value at `offset`, big-endian.
    @inlinable @_noLocks
    public func set(u32 value: UInt32, at offset: Int) {
        view.requireRange(offset, 4)
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// Writes a 64-bit value at `offset`, big-endian.
    @inlinable @_noLocks
    public func set(u64 value: UInt64, at offset: Int) {
        view.requireRange(offset, 8)
        unsafe start.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
    }

    /// The `count` bytes from `offset` on, writable, or `nil` unless all of them lie within this view.
    @inlinable @_noLocks
    public func slice(from offset: Int, count: Int) -> MutableByteView? {
        guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else { return nil }
        return unsafe MutableByteView(unsafeStart: start + offset, count: count)
    }
}
