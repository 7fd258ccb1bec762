// SPDX-License-Identifier: BSD-3-Clause

/// Bounds how many frames are on their way at once, as TCP's window would: a frame leaves when it is back, or when it is lost.
///
/// It is lost when it was sent more than 500 ms ago and one that was sent later is back (the time of RFC 8985, "RACK"): a path
/// that merely stands still, because nobody runs its lcores, keeps the window full, so that its queues never overflow. When
/// nothing comes back at all, frames are lost after five seconds, or after what its owner says.
///
/// Frames are accounted for in slots of time (1/16 s) rather than one by one.
@safe
struct OutstandingWindow: ~Copyable {
    /// Frames that may be on their way.
    let capacity: Int
    private(set) var outstanding = 0
    /// Frames that left because they were lost.
    private(set) var expired: UInt64 = 0

    private static var slotCount: UInt64 { @_noLocks get { 128 } }
    /// Whole slots that must lie behind a frame for it to be lost: with a later one back, and without.
    private static var patience: UInt64 { @_noLocks get { 8 } }

    private let longPatience: UInt64
    private let slotTicks: UInt64
    private let counts: UnsafeMutablePointer<Int>
    /// The first slot that may have frames on their way, the one that is filled now, and the newest of which a frame came back;
    /// counted from the clock's zero.
    private var oldest: UInt64
    private var newest: UInt64
    private var newestReturned: UInt64 = 0

    /// - Parameter longPatience: how long frames are under way while nothing comes back, in sixteenths of a second: 8 to 127.
    init(capacity: Int, hertz: UInt64, now: UInt64, longPatience: UInt64 = 80) {
        precondition(capacity > 0 && capacity <= 1 << 20, "1 to 1048576 frames")
        precondition(longPatience >= Self.patience && longPatience < Self.slotCount, "half a second to eight")
        self.longPatience = longPatience
        self.capacity = capacity
        slotTicks = max(hertz / 16, 1)
        unsafe counts = .allocate(capacity: Int(Self.slotCount))
        unsafe counts.initialize(repeating: 0, count: Int(Self.slotCount))
        newest = now / slotTicks
        oldest = newest
    }

    deinit { unsafe counts.deallocate() }

    /// How many more frames may be sent now.
    @_noLocks
    mutating func room(at ticks: UInt64) -> Int {
        advance(to: ticks / slotTicks)
        return outstanding < capacity ? capacity - outstanding : 0
    }

    /// `count` frames were sent, all stamped with `ticks`.
    @_noLocks
    mutating func sent(_ count: Int, at ticks: UInt64) {
        advance(to: ticks / slotTicks)
        // Not `counts[…] += count`: Swift 6.3.1 crashes on that when it instruments for the thread sanitizer.
        let cell = unsafe counts + index(newest)
        unsafe cell.pointee += count
        outstanding += count
    }

    /// A frame that was stamped with `ticks` is back. One that left already, or was never sent, changes nothing.
    @_noLocks
    mutating func returned(sentAt ticks: UInt64) {
        let slot = ticks / slotTicks
        guard slot >= oldest, slot <= newest, unsafe counts[index(slot)] > 0 else { return }
        let cell = unsafe counts + index(slot)
        unsafe cell.pointee -= 1
        outstanding -= 1
        if slot > newestReturned { newestReturned = slot }
    }

    @_noLocks
    private mutating func advance(to slot: UInt64) {
        guard slot > newest else { return }
        // Slots of a later lap use the same cells.
        let isLapped = slot - oldest >= Self.slotCount
        newest = slot
        while oldest < newest {
            if outstanding == 0 {
                oldest = newest
                return
            }
            let age = newest - oldest
            let isLost = age > Self.patience && oldest < newestReturned || age > longPatience || isLapped
            if unsafe counts[index(oldest)] > 0 && !isLost { return }
            unsafe expired &+= UInt64(truncatingIfNeeded: counts[index(oldest)])
            unsafe outstanding -= counts[index(oldest)]
            unsafe counts[index(oldest)] = 0
            oldest += 1
        }
    }

    @inline(__always) @_noLocks
    private func index(_ slot: UInt64) -> Int { Int(truncatingIfNeeded: slot % Self.slotCount) }
}
