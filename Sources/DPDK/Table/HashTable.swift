// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// A table of 64-bit keys and values with a fixed number of entries (rte_hash).
///
/// - Lcore: one, which both reads and writes.
@safe
public struct HashTable: ~Copyable, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): may move between threads; its owner is one at a time.
    @usableFromInline let pointer: OpaquePointer
    public let capacity: Int

    /// - Parameter name: unique in the process, at most 31 bytes.
    public init(name: String, capacity: Int, numaNode: Int = -1) throws(DPDKError) {
        var error: Int32 = 0
        guard let hash = unsafe cdpdk_hash_create(name, UInt32(capacity), Int32(numaNode), &error) else {
            throw DPDKError("create hash table \(name) of \(capacity) entries", code: error)
        }
        unsafe pointer = hash
        self.capacity = capacity
    }

    deinit { unsafe cdpdk_hash_free(pointer) }

    @inlinable public var count: Int { @_noLocks get { unsafe Int(cdpdk_hash_count(pointer)) } }

    /// Adds or replaces; false when the table is full.
    @inlinable @_noLocks
    public mutating func set(_ key: UInt64, _ value: UInt64) -> Bool {
        // rte_hash takes a few more keys than asked for; the limit that the owner was given is the one that counts.
        if count >= capacity && self[key] == nil { return false }
        return unsafe cdpdk_hash_set(pointer, key, value) == 0
    }

    @inlinable @_noLocks @discardableResult
    public mutating func remove(_ key: UInt64) -> Bool { unsafe cdpdk_hash_remove(pointer, key) == 0 }

    @inlinable public subscript(key: UInt64) -> UInt64? {
        @_noLocks get {
            var value: UInt64 = 0
            return unsafe cdpdk_hash_get(pointer, key, &value) ? value : nil
        }
    }

    /// The next entry from `cursor` (start with 0) on; entries added or removed meanwhile may be missed or seen twice.
    @inlinable @_noLocks
    public func next(_ cursor: inout UInt32) -> (key: UInt64, value: UInt64)? {
        var key: UInt64 = 0
        var value: UInt64 = 0
        return unsafe cdpdk_hash_next(pointer, &cursor, &key, &value) ? (key, value) : nil
    }
}
