// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Dataplane
import Synchronization

/// One end of a memif, for the lcore that moves its frames. It stays the same over connections; valid until whoever made it is closed.
///
/// - Lcore: one at a time.
@safe
public struct MemifEndpoint: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an atomic cell; the session behind it is the lcore's until the cell was emptied and the lcore has
    // left its round.
    private let session: UnsafeMutablePointer<Atomic<UInt>>

    static func allocate() -> MemifEndpoint {
        let session = UnsafeMutablePointer<Atomic<UInt>>.allocate(capacity: 1)
        unsafe session.initialize(to: Atomic(0))
        return unsafe MemifEndpoint(session: session)
    }

    func deallocate() {
        unsafe session.deinitialize(count: 1)
        unsafe session.deallocate()
    }

    /// What the lcore sees from its next call on.
    func publish(_ new: UnsafeMutablePointer<MemifSession>?) {
        unsafe session.pointee.store(UInt(bitPattern: new), ordering: .releasing)
    }

    private var current: UnsafeMutablePointer<MemifSession>? {
        @inline(__always) @_noLocks get { unsafe UnsafeMutablePointer(bitPattern: session.pointee.load(ordering: .acquiring)) }
    }

    /// Whether somebody is at the other end.
    public var isConnected: Bool { @_noLocks get { unsafe session.pointee.load(ordering: .relaxed) != 0 } }

    /// Copies what the other end sent into mbufs of `pool`, at the end of `burst`: at most `limit` frames, and what there is room for;
    /// how many. Frames that no mbuf holds are dropped, and counted.
    @_noLocks
    public func receive(into burst: inout MbufBurst, pool: MempoolHandle, limit: Int = .max) -> Int {
        guard let session = unsafe current else { return 0 }
        return unsafe session.pointee.receive(into: &burst, pool: pool, limit: limit)
    }

    /// Copies the burst's first frames into the other end's buffers, as many as there are buffers for, and frees their mbufs; how many. The
    /// rest stay in the burst, in order. Of one segment each: others are dropped, and counted.
    @_noLocks
    public func transmit(_ burst: inout MbufBurst) -> Int {
        guard let session = unsafe current else { return 0 }
        return unsafe session.pointee.transmit(&burst)
    }
}
