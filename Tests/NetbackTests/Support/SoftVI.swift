// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import DPDK
import Synchronization

/// The rings of a VI in software, with the guest's side in the test's hands.
@safe
final class SoftVI {
    private let toGuest: MbufRing
    private let fromGuest: MbufRing
    private let pool: MempoolHandle
    private let count: UnsafeMutablePointer<Atomic<UInt64>>

    init(_ name: String, pool: MempoolHandle, capacity: Int = 4096) throws {
        self.pool = pool
        unsafe count = .allocate(capacity: 1)
        unsafe count.initialize(to: Atomic(0))
        toGuest = try MbufRing(name: "to-\(name)", capacity: capacity)
        fromGuest = try MbufRing(name: "from-\(name)", capacity: capacity)
    }

    deinit {
        unsafe count.deinitialize(count: 1)
        unsafe count.deallocate()
    }

    @unsafe var c: viaduct_soft_vi {
        unsafe viaduct_soft_vi(
            to_guest: toGuest.handle.unsafeAddress, from_guest: fromGuest.handle.unsafeAddress,
            settled: UnsafeMutableRawPointer(count).assumingMemoryBound(to: UInt64.self))
    }

    /// Frames that netback has on their way.
    var settled: UInt64 { unsafe count.pointee.load(ordering: .acquiring) }
    /// Frames that netback has not taken.
    var waiting: Int { fromGuest.handle.count }

    func send(_ frames: [Bytes]) {
        var burst = MbufBurst(capacity: 64)
        var sent = 0
        while sent < frames.count {
            let upper = min(sent + 64, frames.count)
            pool.fill(&burst, with: frames[sent..<upper])
            precondition(fromGuest.handle.enqueue(&burst) == upper - sent, "the test's ring is too small")
            sent = upper
        }
    }

    func receive() -> [Bytes] {
        var frames: [Bytes] = []
        var burst = MbufBurst(capacity: 32)
        while toGuest.handle.dequeue(into: &burst) > 0 {
            for index in 0..<burst.count { frames.append(burst[index].frame) }
            burst.free()
        }
        return frames
    }

    /// Frees what nobody took.
    func empty() {
        var burst = MbufBurst(capacity: 32)
        while fromGuest.handle.dequeue(into: &burst) > 0 { burst.free() }
        _ = receive()
    }
}
