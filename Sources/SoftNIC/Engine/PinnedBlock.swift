// SPDX-License-Identifier: BSD-3-Clause

/// Owns one `Value` at an address that does not change, on cache lines of its own.
@safe
final class PinnedBlock<Value: ~Copyable>: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an address; who may touch what behind it is the business of what is put there.
    @unsafe let pointer: UnsafeMutablePointer<Value>
    /// Owns the memory, where that is not this block's own.
    private let memory: AnyObject?
    private let isOwner: Bool

    /// Bytes that a value takes, cache lines filled.
    static var byteCount: Int { (MemoryLayout<Value>.size + 63) / 64 * 64 }

    init(_ value: consuming Value) {
        unsafe pointer = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 64)
            .bindMemory(to: Value.self, capacity: 1)
        unsafe pointer.initialize(to: value)
        memory = nil
        isOwner = true
    }

    /// Puts `value` into memory of `owner`'s, which has ``byteCount`` bytes there.
    @unsafe
    init(_ value: consuming Value, at address: UnsafeMutableRawPointer, of owner: AnyObject) {
        unsafe pointer = address.bindMemory(to: Value.self, capacity: 1)
        unsafe pointer.initialize(to: value)
        memory = owner
        isOwner = true
    }

    /// The value that another process put there.
    @unsafe
    init(sharedAt address: UnsafeMutableRawPointer, of owner: AnyObject) {
        unsafe pointer = address.assumingMemoryBound(to: Value.self)
        memory = owner
        isOwner = false
    }

    deinit {
        if isOwner { unsafe pointer.deinitialize(count: 1) }
        if memory == nil { unsafe UnsafeMutableRawPointer(pointer).deallocate() }
    }
}
