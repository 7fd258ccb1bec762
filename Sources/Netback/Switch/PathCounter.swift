// SPDX-License-Identifier: BSD-3-Clause

/// What the slow path counts, for the switch as a whole and for each vif; in the order of a row of counters.
///
/// For the switch, at any moment at which its loop does not run:
///
///     wireReceived + guestReceived + viReceived + floodCopies + fencesMade + segmentsAdded
///       = wireTransmitted + guestDelivered + viDelivered + fencesSent + fencesConsumed + all drops + held + queued + uplinkQueued
///
/// and for a vif, in the direction to its guest:
///
///     offered + fencesMade + segmentsAdded = guestDelivered + viDelivered + fencesSent + dropsToGuest + held + queued
///
/// and from its guest:
///
///     guestReceived = fencesConsumed + dropsFromGuest + forwarded
enum PathCounter: UInt8, CaseIterable, Sendable {
    // Frames in and out.
    case wireReceived
    case wireTransmitted
    case guestReceived
    case guestReceivedBytes
    case guestDelivered
    case guestDeliveredBytes
    /// Frames handed to, and taken from, a VI in software.
    case viDelivered
    case viReceived
    /// Frames of a guest that went on to at least one port.
    case forwarded
    /// Frames, or copies, that were meant for a guest.
    case offered
    /// Copies made, or tried, for the second and further ports of a flooded frame.
    case floodCopies
    case fencesMade
    case fencesSent
    case fencesConsumed
    /// Frames that cutting TCP segments added: of one cut in five, four.
    case segmentsAdded

    // Drops of frames that came in, in the order in which a frame is examined.
    /// What an attached guest sent was none of its mbufs, or its lengths and offsets made no sense.
    case malformed
    case runt
    /// Of a VLAN that no vif is in, with a provider's tag or two tags, or tagged by a guest: guests know of no VLAN.
    case tagged
    case unexpectedFence
    case reservedAddress
    // The vif's policy.
    /// From a guest, with a source that is not the vif's MAC.
    case foreignSource
    /// From a guest, telling or using an IP address that is not its own, or what only a router or a server of addresses tells.
    case spoofedAddress
    /// Beyond the vif's rate limit from its guest, or beyond its limit of group-addressed frames.
    case ingressLimited
    case stormLimited
    // What the switch makes of it.
    /// From a guest, with another vif's MAC as its source.
    case spoofedByGuest
    case reflected
    case samePort
    case noDestination
    /// The vif's policy dropped a frame that its guest sent by its VI in software.
    case viRefused
    /// A copy for a further port of a flooded frame.
    case noMbuf
    // Drops on the way out.
    case uplinkFull
    /// Longer than the uplink's MTU, or in several segments where its driver takes one.
    case tooLongForUplink
    /// The uplink's port was being reset, or is out of order.
    case uplinkDown
    /// A buffer without room for the vif's VLAN tag.
    case noHeadroom
    case guestAbsent
    /// Beyond the vif's rate limit to its guest.
    case egressLimited
    case vringFull
    /// Longer than the vif's MTU, or than the buffers of the guest's driver.
    case tooLongForGuest
    /// Headers that make no sense for what the sender left to do (checksum, segments), or that the uplink's driver refused.
    case badOffload
    /// The rest of a TCP segment: there was no mbuf for it, or no room in front of the uplink.
    case segmentsLost
    /// The ring of a VI in software had no room.
    case viFull
    case holdOverflow
    case flowHoldOverflow
    case guestGone
    case vifRemoved
    /// The netback was stopped.
    case stopped

    // Observations.
    /// Frames from a port that is not the one of the vif whose address they carry as their source, and that no policy dropped.
    case spoofedSource
    case fdbFull
    /// Frames whose source was not learned, since the vif has its share of the addresses.
    case fdbShare
    case fdbMoves
    case fdbAged
    case transmitFences
    case holds
    case flowHolds

    // Values of the moment.
    case held
    case queued
    case uplinkQueued
    case fdbEntries

    /// The counter's cell in a row: its raw value, whose derived accessor a poll loop may not call.
    var place: Int {
        // SAFETY: an enumeration without payloads and of less than 256 cases is one byte, the number of the case.
        @inline(always) @_noLocks get { unsafe Int(unsafeBitCast(self, to: UInt8.self)) }
    }

    /// Key in status and JSON.
    var name: String { "\(self)" }

    var isDrop: Bool { rawValue >= PathCounter.malformed.rawValue && rawValue <= PathCounter.stopped.rawValue }
    var isDropFromGuest: Bool {
        rawValue >= PathCounter.malformed.rawValue && rawValue <= PathCounter.noDestination.rawValue
    }
    var isDropToGuest: Bool {
        rawValue >= PathCounter.guestAbsent.rawValue && rawValue <= PathCounter.stopped.rawValue
    }

    /// Whether a vif has this counter, too.
    var appliesToVif: Bool {
        switch self {
        case .wireReceived, .wireTransmitted, .floodCopies, .reflected, .noMbuf, .uplinkFull, .tooLongForUplink, .uplinkDown,
            .noHeadroom, .uplinkQueued, .fdbEntries, .fdbFull, .fdbMoves, .fdbAged:
            false
        default: true
        }
    }
}
