// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

extension SplitMix64 {
    mutating func below(_ bound: Int) -> Int { Int(truncatingIfNeeded: next() >> 33) % bound }
}
