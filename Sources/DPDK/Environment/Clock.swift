// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// The CPU's time-stamp counter, for lcores: no system call.
public enum TSC {
    /// Ticks now.
    @inlinable @inline(always) @_noLocks public static func now() -> UInt64 { cdpdk_tsc() }
    /// Ticks a second, as measured by the EAL. Ask once and keep it.
    public static var hertz: UInt64 { cdpdk_tsc_hz() }

    /// Ticks in `nanoseconds`.
    public static func ticks(nanoseconds: UInt64) -> UInt64 {
        let product = nanoseconds.multipliedFullWidth(by: hertz)
        return UInt64(1_000_000_000).dividingFullWidth(product).quotient
    }

    /// `ticks` in nanoseconds.
    public static func nanoseconds(ticks: UInt64) -> UInt64 {
        hertz.dividingFullWidth(ticks.multipliedFullWidth(by: 1_000_000_000)).quotient
    }
}

/// How a polling lcore gives its CPU a rest.
public enum LcorePause {
    /// One spin-wait hint.
    @inlinable @inline(always) @_noLocks public static func relax() { cdpdk_pause() }
    /// Sleeps; a timer's slack (about 50 us on Linux) comes on top.
    @inlinable @inline(always) @_noLocks public static func sleep(microseconds: UInt32) {
        cdpdk_sleep_microseconds(microseconds)
    }
}
