// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

extension SplitMix64 {
    /// True once in `times`, on average.
    mutating func oneIn(_ times: Int) -> Bool { below(times) == 0 }
}
