// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
import Dataplane
import Foundation

/// A guest device at one moment.
public struct NetfrontStatus: Sendable {
    public let name: String
    public let plugin: String?
    public let acceleration: AccelerationStatus
    /// Whether frames go by the VI, in both directions.
    public let isFast: Bool
    public let counters: [NetfrontCounter: UInt64]
    /// The latest completed switches of path, oldest first.
    public let switches: [SwitchRecord]

    public subscript(counter: NetfrontCounter) -> UInt64 { counters[counter] ?? 0 }
}

extension Netfront {
    public var currentStatus: NetfrontStatus {
        lock.withLock {
            var values: [NetfrontCounter: UInt64] = [:]
            for counter in NetfrontCounter.allCases { values[counter] = counterBlock.counters[counter.index] }
            return NetfrontStatus(
                name: configuration.name, plugin: plugin?.name, acceleration: status, isFast: machine.state == .connected,
                counters: values, switches: switches.records)
        }
    }

    /// One counter, without the rest.
    public func count(of counter: NetfrontCounter) -> UInt64 { counterBlock.counters[counter.index] }
}
