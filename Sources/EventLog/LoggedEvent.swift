// SPDX-License-Identifier: BSD-3-Clause
public import Logging

/// Something that happens to a part of the system, with a name that stays as it is from version to version: what watches a log goes by it.
public protocol LoggedEvent: RawRepresentable, CaseIterable, Sendable where RawValue == String {
    var level: Logger.Level { get }
    /// For people.
    var message: String { get }
}

extension Logger {
    /// Logs that it happened; its name is in the entry as `event`.
    public func log(_ event: some LoggedEvent, _ values: Logger.Metadata = [:]) {
        log(level: event.level, "\(event.message)", metadata: values.merging(["event": "\(event.rawValue)"]) { $1 })
    }
}
