// SPDX-License-Identifier: BSD-3-Clause

/// What a guest device counts. Packets in = delivered + drops + held, on each path.
public enum NetfrontCounter: Int, CaseIterable, Sendable {
    case receivedSlowPackets = 0
    case receivedSlowBytes
    /// Polled from the VI, whatever became of them.
    case receivedFastPackets
    case receivedFastBytes
    /// Given to the application.
    case deliveredSlow
    case deliveredFast
    case transmittedSlowPackets
    case transmittedSlowBytes
    case transmittedFastPackets
    case transmittedFastBytes
    /// Offered but kept by the caller: no descriptor, or an order to keep.
    case transmitBusy

    case declinedNotConnected
    case declinedGroupAddress
    case declinedPeerUnknown
    case declinedForm
    case declinedSource

    /// A group-addressed copy on the VI; the slow path has its own.
    case dropReplica
    /// A frame on the VI for another MAC.
    case dropForeign
    /// A tagged frame on the VI: a rule on the destination MAC alone lets those of every VLAN through, and the guest is in none.
    case dropTagged
    /// Shorter than an Ethernet header.
    case dropRunt
    /// On the VI since before it was this guest's, or since before it was closed the last time.
    case dropStale
    /// The stash was full while the fence was awaited.
    case dropStashOverflow
    /// Kept back for a fence, when the VI was closed before that came.
    case dropUnfenced
    /// A fence that nobody asked for.
    case dropUnexpectedFence

    /// Frames in the stash now.
    case stashDepth
    /// Most frames that the stash ever held.
    case stashPeak
    case peersLearned
    case peersFast
    /// Not learned because the table's set was full of peers in use.
    case peersRefused
    /// A source seen on the VI that is on this host: not learned.
    case peersLocal
    case fencesSent
    case fencesConfirmed
    /// Fences of ours that were not confirmed in time.
    case fencesLost
    /// Switches undone without a fence, and VIs closed with packets unsent: re-ordering is possible.
    case possibleReorderings

    /// What became of frames from the VI that were not delivered.
    public static let drops: [NetfrontCounter] = [
        .dropReplica, .dropForeign, .dropTagged, .dropRunt, .dropStale, .dropStashOverflow, .dropUnfenced,
    ]

    /// Key in status and JSON.
    public var name: String { "\(self)" }

    @inlinable public var index: Int { @_noLocks get { rawValue } }
}
