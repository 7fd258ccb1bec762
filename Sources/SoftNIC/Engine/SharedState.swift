// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// What the engine shares with every thread.
struct EngineState: ~Copyable {
    /// The engine's time.
    let clock = Atomic<UInt64>(0)
    /// ``SoftNICFaults``, set by the control plane.
    let faults = Atomic<UInt32>(0)
}

/// How far the engine has come with one queue; written by the engine, read by the queue's owner.
struct QueueProgress: ~Copyable {
    /// Frames put into the receive ring.
    let delivered = Atomic<UInt64>(0)
    /// Posted frames that are on the wire, or never will be.
    let transmitted = Atomic<UInt64>(0)
}

/// Owns one `Value` at an address that does not change, on cache lines of its own.
@safe
final class PinnedBlock<Value: ~Copyable>: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an address; who may touch what behind it is the business of what is put there.
    @unsafe let pointer: UnsafeMutablePointer<Value>

    init(_ value: consuming Value) {
        let size = (MemoryLayout<Value>.size + 63) / 64 * 64
        unsafe pointer = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
            .bindMemory(to: Value.self, capacity: 1)
        unsafe pointer.initialize(to: value)
    }

    deinit {
        unsafe pointer.deinitialize(count: 1)
        unsafe UnsafeMutableRawPointer(pointer).deallocate()
    }
}
