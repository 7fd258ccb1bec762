// SPDX-License-Identifier: BSD-3-Clause

/// What an accelerated backend counted since it was made.
public struct AcceleratedBackendCounters: Sendable, Equatable {
    public var rulesCreated: UInt64 = 0
    public var rulesRefused: UInt64 = 0
    /// Rules that the port did not let go of.
    public var rulesStuck: UInt64 = 0
    /// Frames by the default queue although a rule should have steered them, after the fence.
    public var leaked: UInt64 = 0
    /// Things that frontends said and that are no messages.
    public var violations: UInt64 = 0
    /// Messages that no frontend was there for.
    public var messagesLost: UInt64 = 0
    /// Local addresses beyond the limit of the control protocol.
    public var localAddressesCut: UInt64 = 0

    public init() {}
}
