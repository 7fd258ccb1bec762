// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// Carries a VI to a guest in another process, for which its queue pair is out of reach.
///
/// Used by the backend alone, with its lock held.
public protocol VirtualInterfaceExport: AnyObject, Sendable {
    /// Makes ready for one guest.
    ///
    /// - Returns: what the guest plugs, as DPDK's devargs.
    func open(for vif: ExportedVif) throws(ExportError) -> String
    /// When this returns, no guest can touch anything of the VI's any more. What was on its way is lost, and counted.
    ///
    /// - Returns: false when a poll loop is stuck in it: then nobody else may have the VI.
    func close() -> Bool
    /// About once a millisecond while it is open.
    func tick()
    var statistics: ExportStatistics { get }
}

/// What an export has to know of the vif that it serves.
public struct ExportedVif: Sendable, Equatable {
    public let name: String
    public let mac: UInt64
    /// The VLAN whose tag frames carry on the VI, which the guest knows nothing of; 0 for none.
    public let vlan: UInt16

    public init(name: String, mac: UInt64, vlan: UInt16) {
        self.name = name
        self.mac = mac
        self.vlan = vlan
    }
}

/// Why a VI can't be exported now.
public struct ExportError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Frames that an export moved, and those that it dropped by reason, in all its life. From the NIC: received = delivered + undelivered + foreign + waiting; from the
/// guest: taken = sent + refused + waiting, markers apart.
public struct ExportStatistics: Sendable, Equatable {
    public var received: UInt64 = 0
    public var delivered: UInt64 = 0
    /// Nobody was at the other end.
    public var undelivered: UInt64 = 0
    /// Not of the VI's VLAN.
    public var foreign: UInt64 = 0
    public var taken: UInt64 = 0
    public var sent: UInt64 = 0
    /// The guest is not who it says, or a frame is none that a VI sends: another source, a VLAN tag, too long.
    public var refused: UInt64 = 0
    /// Sent by the guest, and lost in the host when the VI was taken back.
    public var unsent: UInt64 = 0
    /// Sent by the guest: empty, or longer than an mbuf; not in ``taken``.
    public var malformed: UInt64 = 0
    /// Sessions that ended because the guest broke the rules of its rings.
    public var broken: UInt64 = 0
    /// Questions of the guest's that were answered.
    public var markers: UInt64 = 0

    public init() {}
}
