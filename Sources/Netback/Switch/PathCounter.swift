// SPDX-License-Identifier: BSD-3-Clause

/// What the slow path counts, for the switch as a whole and for each vif; in the order of a row of counters.
///
/// For the switch, at any moment at which its loop does not run:
///
///     wireReceived + guestReceived + viReceived + floodCopies + fencesMade
///       = wireTransmitted + guestDelivered + viDelivered + fencesSent + fencesConsumed + all drops + held + queued + uplinkQueued
///
/// and for a vif, in the direction to its guest:
///
///     offered + fencesMade = guestDelivered + viDelivered + fencesSent + dropsToGuest + held + queued
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

    // Drops of frames that came in, in the order in which a frame is examined.
    /// What an attached guest sent was none of its mbufs, or its lengths and offsets made no sense.
    case malformed
    case multiSegment
    case runt
    /// Of a VLAN that no vif is in, with a provider's tag or two tags, or tagged by a guest: guests know of no VLAN.
    case tagged
    case unexpectedFence
    case reservedAddress
    case spoofedByGuest
    case reflected
    case samePort
    case noDestination
    // Drops of copies.
    case noMbuf
    case oversize
    // Drops on the way out.
    case uplinkFull
    /// The uplink's port was being reset, or is out of order.
    case uplinkDown
    /// A buffer without room for the vif's VLAN tag.
    case noHeadroom
    case guestAbsent
    case vringFull
    /// The buffers of an attached guest are shorter than the frame.
    case tooLongForGuest
    /// The ring of a VI in software had no room.
    case viFull
    case holdOverflow
    case flowHoldOverflow
    case guestGone
    case vifRemoved
    /// The netback was stopped.
    case stopped

    // Observations.
    /// Frames from a port that is not the one of the vif whose address they carry as their source.
    case spoofedSource
    case fdbFull
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
        case .wireReceived, .wireTransmitted, .floodCopies, .reflected, .noMbuf, .oversize, .uplinkFull, .uplinkDown,
            .noHeadroom, .uplinkQueued, .fdbEntries, .fdbFull, .fdbMoves, .fdbAged:
            false
        default: true
        }
    }
}
