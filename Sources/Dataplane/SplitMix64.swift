// SPDX-License-Identifier: BSD-3-Clause

/// A stream of pseudo-random numbers (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    @inlinable @_noLocks package init(seed: UInt64) { state = seed }

    /// A stream of its own for part `index` of what `seed` drives.
    package init(seed: UInt64, stream index: UInt64) {
        var parent = SplitMix64(seed: seed &+ index &* 0xD134_2543_DE82_EF95)
        state = parent.next()
    }

    @inlinable @_noLocks
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 to less than `bound`, which is positive.
    package mutating func below(_ bound: Int) -> Int { Int(next(through: UInt64(bound - 1))) }

    /// A number from 0 through `bound`.
    @inlinable @_noLocks
    package mutating func next(through bound: UInt64) -> UInt64 {
        if bound == 0 { return 0 }
        if bound == .max { return next() }
        return next().multipliedFullWidth(by: bound + 1).high
    }
}
