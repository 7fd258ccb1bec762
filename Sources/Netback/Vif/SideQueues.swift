// SPDX-License-Identifier: BSD-3-Clause

/// Frames on their way to a guest's second and further receive queues. Made once, for as many as the guest may use.
///
/// - Lcore: one.
@safe
struct SideQueues: ~Copyable {
    /// Of the pairs behind the first.
    let count: Int
    private let outboxes: UnsafeMutablePointer<GuestOutbox>

    init(count: Int) {
        self.count = count
        unsafe outboxes = .allocate(capacity: max(count, 1))
        for index in 0..<count { unsafe (outboxes + index).initialize(to: GuestOutbox()) }
    }

    deinit {
        unsafe outboxes.deinitialize(count: count)
        unsafe outboxes.deallocate()
    }

    /// The outbox of queue pair `pair`, 1 to ``count``.
    subscript(pair: Int) -> GuestOutbox {
        @_noLocks unsafeAddress {
            precondition(pair >= 1 && pair <= count, "no such queue pair")
            return unsafe UnsafePointer(outboxes + pair - 1)
        }
        @_noLocks unsafeMutableAddress {
            precondition(pair >= 1 && pair <= count, "no such queue pair")
            return unsafe outboxes + pair - 1
        }
    }

    /// Frames that wait in all of them.
    var waiting: Int {
        @_noLocks get {
            var sum = 0
            var pair = 1
            while pair <= count {
                sum += self[pair].count
                pair += 1
            }
            return sum
        }
    }

    /// Frees what waits for a guest that goes; how many frames.
    @_noLocks
    mutating func reset() -> Int {
        var freed = 0
        var pair = 1
        while pair <= count {
            freed += self[pair].reset()
            pair += 1
        }
        return freed
    }
}
