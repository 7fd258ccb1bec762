// SPDX-License-Identifier: BSD-3-Clause

import Wire

/// A copy of `bytes` in an allocation of exactly `capacity` bytes, so that the address sanitizer reports the first byte
/// that is touched beyond. The view must not leave `body`.
func withExactBytes<Result>(
    _ bytes: [UInt8], capacity: Int? = nil, _ body: (MutableByteView) throws -> Result
) rethrows -> Result {
    let capacity = capacity ?? bytes.count
    precondition(capacity >= bytes.count)
    // SAFETY: the memory is freed after `body` has returned; `copyMemory` moves no more than the allocation holds.
    let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 1)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
    unsafe bytes.withUnsafeBytes { source in
        if let base = source.baseAddress { unsafe memory.copyMemory(from: base, byteCount: source.count) }
    }
    return try body(unsafe MutableByteView(unsafeStart: memory, count: capacity))
}

/// Gives `body` a read-only view of exactly `bytes`.
func withView<Result>(_ bytes: [UInt8], _ body: (ByteView) throws -> Result) rethrows -> Result {
    try withExactBytes(bytes) { try body($0.view) }
}

extension ByteView {
    /// A copy of all bytes.
    var bytes: [UInt8] { (0..<count).map { self[$0] } }
}
