// SPDX-License-Identifier: BSD-3-Clause

/// Bounds how many frames are on their way at once, as TCP's window would: a frame leaves when it is back, or 500 ms after it was
/// sent, since then it is lost.
///
/// Frames are accounted for in slots of time rather than one by one; a lost one leaves at the latest one slot (1/8) after its time.
@safe
struct OutstandingWindow: ~Copyable {
    /// Frames that may be on their way; never more than what a path with every queue full would hold.
    let capacity: Int
    private(set) var outstanding = 0
    /// Frames that left because they were not back in time.
    private(set) var expired: UInt64 = 0

    private static var slotCount: Int { @_noLocks get { 9 } }
    private let slotTicks: UInt64
    private let counts: UnsafeMutablePointer<Int>
    /// The slot of time that is filled now, counted from the clock's zero.
    private var newest: UInt64

    init(capacity: Int, hertz: UInt64, now: UInt64) {
        precondition(capacity > 0 && capacity <= 1 << 20, "1 to 1048576 frames")
        self.capacity = capacity
        slotTicks = max(hertz / 16, 1)
        unsafe counts = .allocate(capacity: Self.slotCount)
        unsafe counts.initialize(repeating: 0, count: Self.slotCount)
        newest = now / slotTicks
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
        // Not `counts[…] += count`: Swift 6.3's compiler crashes on that when it instruments for the thread sanitizer.
        let cell = unsafe counts + index(newest)
        unsafe cell.pointee += count
        outstanding += count
    }

    /// A frame that was stamped with `ticks` is back. One that left already, or was never sent, changes nothing.
    @_noLocks
    mutating func returned(sentAt ticks: UInt64) {
        let slot = ticks / slotTicks
        guard slot <= newest, newest - slot < UInt64(Self.slotCount), unsafe counts[index(slot)] > 0 else { return }
        let cell = unsafe counts + index(slot)
        unsafe cell.pointee -= 1
        outstanding -= 1
    }

    @_noLocks
    private mutating func advance(to slot: UInt64) {
        guard slot > newest else { return }
        let steps = slot - newest < UInt64(Self.slotCount) ? slot - newest : UInt64(Self.slotCount)
        var step: UInt64 = 0
        while step < steps {
            step += 1
            let old = index(slot - steps + step)
            unsafe expired &+= UInt64(truncatingIfNeeded: counts[old])
            unsafe outstanding -= counts[old]
            unsafe counts[old] = 0
        }
        newest = slot
    }

    @inline(__always) @_noLocks
    private func index(_ slot: UInt64) -> Int { Int(truncatingIfNeeded: slot % UInt64(Self.slotCount)) }
}
