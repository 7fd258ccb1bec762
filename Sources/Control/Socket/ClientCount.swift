// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// How many clients a server has.
final class ClientCount: Sendable {
    private let count = Atomic<Int>(0)

    /// Whether there is room for one more, who is counted in any case.
    func come(atMost limit: Int) -> Bool { count.wrappingAdd(1, ordering: .relaxed).newValue <= limit }
    func go() { count.wrappingSubtract(1, ordering: .relaxed) }
}
