// SPDX-License-Identifier: BSD-3-Clause

/// Paces a sender: so many packets a second, with a bounded burst, so that a stall is not followed by a flood (RFC 2697's bucket,
/// counted in packets).
struct TokenBucket: Sendable {
    /// 2^16ths of a clock tick that a packet costs; 0 for no limit.
    private let cost: UInt64
    /// Most credit, in the same unit.
    private let limit: UInt64
    private var credit: UInt64 = 0
    private var lastTicks: UInt64
    /// Packets that may follow each other at once.
    let burst: Int

    private static var fraction: UInt64 { @_noLocks get { 16 } }

    /// - Parameters:
    ///   - packetsPerSecond: nil for no limit; else 1 to 1,000,000,000.
    ///   - burst: 1 to 4096.
    ///   - hertz: ticks a second of the clock that ``available(at:)`` is given.
    init(packetsPerSecond: UInt64?, burst: Int, hertz: UInt64, now: UInt64) {
        precondition(burst >= 1 && burst <= 4096, "a burst is 1 to 4096 packets")
        self.burst = burst
        lastTicks = now
        guard let rate = packetsPerSecond else {
            cost = 0
            limit = 0
            return
        }
        precondition(rate >= 1 && rate <= 1_000_000_000, "1 to 1000000000 packets a second")
        let scaled = hertz.multipliedFullWidth(by: 1 << Self.fraction)
        cost = max(rate.dividingFullWidth(scaled).quotient, 1)
        limit = cost.multipliedReportingOverflow(by: UInt64(burst)).overflow ? .max : cost * UInt64(burst)
    }

    /// A burst of a millisecond's packets, 32 to 512.
    static func burst(packetsPerSecond rate: UInt64?) -> Int {
        guard let rate else { return 512 }
        return Int(min(max(rate / 1000, 32), 512))
    }

    /// How many packets may go now.
    @_noLocks
    mutating func available(at ticks: UInt64) -> Int {
        if cost == 0 { return burst }
        // A clock that went back gives nothing.
        let elapsed = ticks > lastTicks ? ticks - lastTicks : 0
        lastTicks = ticks
        if elapsed > limit >> Self.fraction {
            credit = limit
        } else {
            let more = elapsed << Self.fraction
            credit = more > limit - credit ? limit : credit + more
        }
        return Int(truncatingIfNeeded: credit / cost)
    }

    /// Takes as many packets off as were sent, at most what ``available(at:)`` said.
    @_noLocks
    mutating func spend(_ packets: Int) {
        if cost == 0 { return }
        let spent = cost &* UInt64(truncatingIfNeeded: packets)
        credit = spent > credit ? 0 : credit - spent
    }
}
