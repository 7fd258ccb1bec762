// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The engine's own time in nanoseconds. A round moves it by at most ``mostPerRound``, so that an engine that its
/// machine does not run is a clock that stands still: no delay ends, and no frame becomes late, while it is off its
/// CPU.
struct EngineClock {
    static var mostPerRound: UInt64 { @_noLocks get { 20_000 } }

    private(set) var now: UInt64 = 0
    private var lastTicks: UInt64
    /// The part of a nanosecond that `now` lacks, in 2^-32.
    private var fraction: UInt64 = 0
    /// In 2^-32.
    private let nanosecondsPerTick: UInt64
    private let mostTicks: UInt64

    init() {
        lastTicks = TSC.now()
        let second = UInt64(1_000_000_000).multipliedFullWidth(by: 1 << 32)
        nanosecondsPerTick = TSC.hertz.dividingFullWidth(second).quotient
        mostTicks = TSC.ticks(nanoseconds: Self.mostPerRound)
    }

    /// Moves on by the time since the last call.
    @_noLocks
    mutating func advance() {
        let ticks = TSC.now()
        var elapsed = ticks &- lastTicks
        lastTicks = ticks
        if elapsed > mostTicks { elapsed = mostTicks }
        // No overflow: 20 us of ticks by 2^32 nanoseconds a tick are below 2^47 for every rate of the counter.
        fraction += elapsed * nanosecondsPerTick
        now &+= fraction >> 32
        fraction &= 0xFFFF_FFFF
    }

    /// Moves on by a time that the caller decides.
    @_noLocks
    mutating func advance(by nanoseconds: UInt64) {
        now &+= nanoseconds < Self.mostPerRound ? nanoseconds : Self.mostPerRound
    }
}
