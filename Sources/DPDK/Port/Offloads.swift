// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// What a port's transmitter, or a guest's driver, does about frames that their sender left unfinished.
@frozen
public struct Offloads: OptionSet, Sendable {
    public let rawValue: UInt32

    @inlinable @_noLocks
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Fills in checksums of TCP and UDP, or takes frames without.
    @inlinable public static var checksum: Offloads { @_noLocks get { Offloads(rawValue: 1) } }
    /// Cuts TCP segments over IPv4 into frames, or takes them whole.
    @inlinable public static var segmentation4: Offloads { @_noLocks get { Offloads(rawValue: 2) } }
    /// The same over IPv6.
    @inlinable public static var segmentation6: Offloads { @_noLocks get { Offloads(rawValue: 4) } }
    /// Takes frames of several segments; of a guest: beyond one buffer of 1526 bytes.
    @inlinable public static var chains: Offloads { @_noLocks get { Offloads(rawValue: 8) } }
    /// Fills in the IPv4 header checksums of segments that it cuts.
    @inlinable public static var headers4: Offloads { @_noLocks get { Offloads(rawValue: 16) } }

    /// `contains` of the standard library carries no mark.
    @inlinable @_noLocks
    public func has(_ offload: Offloads) -> Bool { rawValue & offload.rawValue == offload.rawValue }
}
