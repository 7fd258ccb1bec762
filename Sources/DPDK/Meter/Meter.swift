// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// A token bucket: what may pass in a second, and at once (rte_meter's single rate three colour marker, RFC 2697, colour-blind and
/// without an excess burst, so that there is green and red).
///
/// Freed with this value: keep it until nobody uses the handle any more.
@safe
public struct Meter: ~Copyable, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an address; one lcore uses the handle.
    /// The highest rate that a meter takes, in units a second.
    public static var maximumRate: UInt64 { 1 << 37 }
    /// The largest burst.
    public static var maximumBurst: UInt64 { 0xFFFF_FFFF }

    public let handle: MeterHandle

    /// A bucket that is full. The EAL must run: it knows the frequency of the time-stamp counter.
    ///
    /// - Parameters:
    ///   - rate: units a second, bytes or frames, 1 to ``maximumRate``. It is kept to within 1 in 100, which rte_meter rounds off in the
    ///     favour of what is metered.
    ///   - burst: units at once, 1 to ``maximumBurst``. What costs more than that never passes.
    ///   - now: as of ``TSC/now()``.
    public init(rate: UInt64, burst: UInt64, now: UInt64) throws(DPDKError) {
        var error: Int32 = 0
        guard let meter = unsafe cdpdk_meter_create(rate, burst, now, &error) else {
            throw DPDKError("meter \(rate) a second in bursts of \(burst)", code: error)
        }
        unsafe handle = MeterHandle(meter)
    }

    deinit { unsafe cdpdk_meter_free(handle.pointer) }
}

/// A borrowed meter: valid while its ``Meter`` lives.
///
/// - Lcore: one.
@safe @frozen
public struct MeterHandle: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as Meter.
    @usableFromInline let pointer: OpaquePointer
    @unsafe init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// Whether `cost` units may pass at `now`; they are taken out of the bucket then, and nothing is when they may not.
    ///
    /// - Parameters:
    ///   - cost: 0 to 2^32 - 1.
    ///   - now: ticks as of ``TSC/now()``; when it is before that of an earlier call, that one's.
    @inlinable @_noLocks
    public func passes(_ cost: Int, now: UInt64) -> Bool {
        unsafe cdpdk_meter_passes(pointer, UInt32(truncatingIfNeeded: cost), now)
    }
}
