// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// One ring of descriptors in shared memory. Its place and size were checked; everything in it may change at any time.
///
/// The head is written by the client alone, the tail by the server alone, in either direction: the client offers frames or empty
/// buffers, the server takes or fills them.
@safe
struct MemifRing {
    private let base: UnsafeMutableRawPointer
    /// Slots, a power of two.
    let size: UInt16

    /// - Precondition: `base` is the ring's first byte, on a cache line, and the ring lies in its region.
    @unsafe
    init(at base: UnsafeMutableRawPointer, log2Size: UInt8) {
        unsafe self.base = base
        size = 1 << UInt16(log2Size)
    }

    var head: UInt16 {
        @_noLocks get { unsafe counter(MemifProtocol.headOffset).pointee.load(ordering: .acquiring) }
        @_noLocks nonmutating set { unsafe counter(MemifProtocol.headOffset).pointee.store(newValue, ordering: .releasing) }
    }

    var tail: UInt16 {
        @_noLocks get { unsafe counter(MemifProtocol.tailOffset).pointee.load(ordering: .acquiring) }
        @_noLocks nonmutating set { unsafe counter(MemifProtocol.tailOffset).pointee.store(newValue, ordering: .releasing) }
    }

    @inline(__always) @_noLocks
    private func counter(_ offset: Int) -> UnsafeMutablePointer<Atomic<UInt16>> {
        unsafe base.advanced(by: offset).assumingMemoryBound(to: Atomic<UInt16>.self)
    }

    /// What a slot says, read once.
    @inline(__always) @_noLocks
    func descriptor(at place: UInt16) -> MemifDescriptor {
        // Whole words, atomically: the other end may be writing, and the compiler may not read them again.
        let words = unsafe address(of: place).assumingMemoryBound(to: Atomic<UInt64>.self)
        let low = unsafe words.pointee.load(ordering: .relaxed)
        let high = unsafe (words + 1).pointee.load(ordering: .relaxed)
        return MemifDescriptor(
            flags: UInt16(truncatingIfNeeded: low), region: UInt16(truncatingIfNeeded: low >> 16),
            length: UInt32(truncatingIfNeeded: low >> 32), offset: UInt32(truncatingIfNeeded: high))
    }

    @inline(__always) @_noLocks
    func set(_ descriptor: MemifDescriptor, at place: UInt16) {
        let words = unsafe address(of: place).assumingMemoryBound(to: Atomic<UInt64>.self)
        let low = UInt64(descriptor.flags) | UInt64(descriptor.region) << 16 | UInt64(descriptor.length) << 32
        unsafe words.pointee.store(low, ordering: .relaxed)
        // Behind the offset lies what only a server with metadata looks at.
        unsafe (words + 1).pointee.store(UInt64(descriptor.offset), ordering: .relaxed)
    }

    /// Makes an empty ring of what is there.
    func clear() {
        unsafe base.storeBytes(of: MemifProtocol.cookie, as: UInt32.self)
        maskInterrupts()
        head = 0
        tail = 0
    }

    /// Asks the other end for no interrupts.
    func maskInterrupts() {
        unsafe base.storeBytes(of: MemifProtocol.masksInterrupts, toByteOffset: MemifProtocol.flagsOffset, as: UInt16.self)
    }

    var hasCookie: Bool { unsafe base.load(as: UInt32.self) == MemifProtocol.cookie }

    @inline(__always) @_noLocks
    private func address(of place: UInt16) -> UnsafeMutableRawPointer {
        unsafe base.advanced(
            by: MemifProtocol.descriptorsOffset + Int(place & (size &- 1)) * MemifProtocol.descriptorLength)
    }
}

/// A buffer, or a part of a frame.
struct MemifDescriptor {
    var flags: UInt16
    var region: UInt16
    var length: UInt32
    var offset: UInt32

    @inline(__always) @_noLocks
    init(flags: UInt16, region: UInt16, length: UInt32, offset: UInt32) {
        self.flags = flags
        self.region = region
        self.length = length
        self.offset = offset
    }

    /// Whether the frame goes on in the next slot.
    var continues: Bool { @inline(__always) @_noLocks get { flags & MemifProtocol.next != 0 } }
}
