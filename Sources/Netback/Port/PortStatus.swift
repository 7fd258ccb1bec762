// SPDX-License-Identifier: BSD-3-Clause

/// How a netback's port is, for status.
public struct PortStatus: Sendable, Equatable {
    /// Why the port can't be used now, in words; nil while it can.
    public let reason: String?
    /// Times that it was reset, and times that its driver repaired it by itself.
    public let resets: UInt64
    public let recoveries: UInt64
    /// Resets and repairs that failed.
    public let failures: UInt64

    public var isUsable: Bool { reason == nil }
}
