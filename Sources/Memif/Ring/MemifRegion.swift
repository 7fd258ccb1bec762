// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import Glibc

/// Memory that both ends of a memif have mapped, unmapped with this value.
///
/// It can't shrink while it is mapped, so no access to it faults (SIGBUS), whatever the other end does.
@safe
final class MemifRegion: Sendable {
    @unsafe nonisolated(unsafe) let base: UnsafeMutableRawPointer
    let size: Int
    /// Open while the memory has still to be given to the other end.
    let descriptor: Int32

    /// Makes new memory.
    init(size: Int) throws(MemifError) {
        let descriptor = unsafe cprocess_shared_memory("memif", size)
        guard descriptor >= 0 else { throw MemifError("make memory of \(size) bytes", code: 0 - descriptor) }
        self.descriptor = descriptor
        self.size = size
        do throws(MemifError) {
            unsafe base = try Self.map(descriptor, size)
        } catch {
            cprocess_close(descriptor)
            throw error
        }
    }

    /// Maps the other end's memory; `descriptor` stays the caller's.
    ///
    /// - Throws: also when the file is smaller than `size`, or could become so.
    init(descriptor: Int32, size: UInt64, limit: Int) throws(MemifError) {
        guard size > 0, size <= UInt64(limit) else { throw MemifError("a region of \(size) bytes: the limit is \(limit)") }
        let has = cprocess_sealed_size(descriptor)
        if has == -Int64(EPERM) { throw MemifError("the memory is not sealed against shrinking (F_SEAL_SHRINK)") }
        guard has >= 0 else { throw MemifError("look at the memory", code: Int32(0 - has)) }
        guard UInt64(has) >= size else { throw MemifError("a region of \(size) bytes in memory of \(has)") }
        self.size = Int(size)
        self.descriptor = -1
        unsafe base = try Self.map(descriptor, Int(size))
    }

    deinit {
        unsafe munmap(base, size)
        if descriptor >= 0 { cprocess_close(descriptor) }
    }

    private static func map(_ descriptor: Int32, _ size: Int) throws(MemifError) -> UnsafeMutableRawPointer {
        let base = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base = unsafe base, unsafe base != MAP_FAILED else { throw MemifError("map \(size) bytes", code: errno) }
        return unsafe base
    }
}

/// What is wrong with a memif.
public struct MemifError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ words: String) { description = words }

    init(_ operation: String, code: Int32) { description = "\(operation): \(unsafe String(cString: strerror(code)))" }
}
