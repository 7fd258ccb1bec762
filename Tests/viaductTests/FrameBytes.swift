// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// A frame in memory of exactly its length, so that a sanitizer sees an access outside.
@safe
final class FrameBytes {
    private let start: UnsafeMutableRawPointer
    let count: Int

    init(count: Int) {
        unsafe start = .allocate(byteCount: max(count, 1), alignment: 1)
        unsafe start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        self.count = count
    }

    convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count)
        for (index, byte) in bytes.enumerated() { view.set(u8: byte, at: index) }
    }

    /// Valid while this object lives.
    var view: MutableByteView { unsafe MutableByteView(unsafeStart: start, count: count) }

    /// Lends the bytes, for reading.
    func read<Result>(_ body: (ByteView) -> Result) -> Result {
        withExtendedLifetime(self) { body(view.view) }
    }

    deinit { unsafe start.deallocate() }
}
