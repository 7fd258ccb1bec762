// SPDX-License-Identifier: BSD-3-Clause

/// Things that go wrong on demand, to be set at any time with ``SoftNIC/faults``.
public struct SoftNICFaults: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Creating a rule fails with ENOSPC, validating it does not.
    public static let tableFull = SoftNICFaults(rawValue: 1)
    /// Creating a rule fails with EIO, validating it does not.
    public static let creationRefused = SoftNICFaults(rawValue: 2)
    /// A rule created now, or an address added to a pool, is accepted and never steers.
    public static let rulesIgnored = SoftNICFaults(rawValue: 4)
    /// Frames are dropped both ways, from the engine's next round on. What the NIC received before is still delivered;
    /// what it was given to send completes without being sent.
    public static let linkDown = SoftNICFaults(rawValue: linkDownBit)

    /// Frames are dropped on their way out, one of ``SoftNIC/faultOdds``, and count as transmit errors.
    public static let transmitErrors = SoftNICFaults(rawValue: transmitErrorsBit)
    /// Frames are delivered cut to a random length, one of ``SoftNIC/faultOdds``.
    public static let framesCut = SoftNICFaults(rawValue: framesCutBit)

    /// A reset of the port fails with EIO, and the port stays down.
    public static let resetRefused = SoftNICFaults(rawValue: 64)

    static var linkDownBit: UInt32 { @_noLocks get { 8 } }
    static var transmitErrorsBit: UInt32 { @_noLocks get { 16 } }
    static var framesCutBit: UInt32 { @_noLocks get { 32 } }
}
