// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The guest's side of ``GuestRings``: posts buffers of its pool, takes them back filled, sends mbufs of its pool, takes them back
/// when they were copied.
///
/// A handle: whoever makes it frees it, after the last user is gone.
///
/// - Lcore: the guest's, one at a time.
@safe
struct SharedSlowPath: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): may move between threads; one at a time calls.
    private let state: UnsafeMutablePointer<State>

    /// Finds the rings by their names.
    ///
    /// - Parameter pool: this guest's alone.
    static func open(_ names: GuestRingNames, pool: MempoolHandle) throws(NetfrontError) -> SharedSlowPath {
        func ring(_ name: String) throws(NetfrontError) -> MbufRingHandle {
            guard let ring = MbufRingHandle(named: name) else { throw .slowPath("the host has no ring \(name)") }
            return ring
        }
        let new = State(
            posted: try ring(names.posted), filled: try ring(names.filled), sent: try ring(names.sent),
            returned: try ring(names.returned), pool: pool, depth: names.depth)
        let state = UnsafeMutablePointer<State>.allocate(capacity: 1)
        unsafe state.initialize(to: new)
        return unsafe SharedSlowPath(state: state)
    }

    func deallocate() {
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    @_noLocks
    func receive(into burst: inout MbufBurst, limit: Int) -> Int { unsafe state.pointee.receive(into: &burst, limit: limit) }

    @_noLocks
    func transmit(_ burst: inout MbufBurst) -> Int { unsafe state.pointee.transmit(&burst) }

    /// Takes back what netback copied, without sending anything.
    @_noLocks
    func reap() { unsafe state.pointee.reap() }

    private struct State: ~Copyable {
        let posted: MbufRingHandle
        let filled: MbufRingHandle
        let sent: MbufRingHandle
        let returned: MbufRingHandle
        let pool: MempoolHandle
        let depth: Int
        /// Buffers in netback's hands.
        var outstanding = 0
        var fresh = MbufBurst(capacity: 32)
        var done = MbufBurst(capacity: 64)

        init(
            posted: MbufRingHandle, filled: MbufRingHandle, sent: MbufRingHandle, returned: MbufRingHandle,
            pool: MempoolHandle, depth: Int
        ) {
            self.posted = posted
            self.filled = filled
            self.sent = sent
            self.returned = returned
            self.pool = pool
            self.depth = depth
        }

        @_noLocks
        mutating func receive(into burst: inout MbufBurst, limit: Int) -> Int {
            reap()
            let first = burst.count
            let came = filled.dequeue(into: &burst, limit: limit)
            outstanding -= came
            post()
            // A buffer that netback had no frame for comes back empty.
            var kept = first
            var index = first
            while index < first + came {
                let mbuf = burst[index]
                if mbuf.packetLength > 0 {
                    burst.place(mbuf, at: kept)
                    kept += 1
                } else {
                    done.append(mbuf)
                    done.free()
                }
                index += 1
            }
            burst.truncate(to: kept)
            return kept - first
        }

        /// Gives netback buffers, as long as the rings and the pool have room.
        @_noLocks
        private mutating func post() {
            while depth - outstanding >= fresh.capacity {
                // A pool that has run dry is the guest's own business: netback keeps its frames as long as it can.
                guard pool.allocate(fresh.capacity, into: &fresh) else { return }
                outstanding += posted.enqueue(&fresh)
                if !fresh.isEmpty {
                    fresh.free()
                    return
                }
            }
        }

        @_noLocks
        mutating func transmit(_ burst: inout MbufBurst) -> Int {
            reap()
            if burst.isEmpty { return 0 }
            return sent.enqueue(&burst)
        }

        @_noLocks
        mutating func reap() {
            while returned.dequeue(into: &done) > 0 { done.free() }
        }
    }
}
