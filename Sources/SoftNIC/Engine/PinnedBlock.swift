// SPDX-License-Identifier: BSD-3-Clause

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
