// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Netback
import Netfront
import SoftNIC

/// What became of frames: in = delivered + drops + held.
struct FrameAccount: Encodable, Equatable, Sendable {
    var `in`: UInt64 = 0
    var delivered: UInt64 = 0
    /// By reason; without those that never happened.
    var drops: [String: UInt64] = [:]
    /// On their way when the account was made.
    var held: UInt64 = 0

    var dropped: UInt64 { drops.values.reduce(0, +) }
    var isBalanced: Bool { `in` == delivered + dropped + held }

    mutating func drop(_ reason: String, _ count: UInt64) {
        if count > 0 { drops[reason, default: 0] += count }
    }
}

/// One guest's frames, at the vif and at the guest.
struct VifAccount: Encodable, Equatable, Sendable {
    /// What the switch had for the guest, and what came out of its VI, whatever that was made of; delivered is what the application
    /// got, and what the switch put into a VI in software, where it comes out again.
    var toGuest = FrameAccount()
    /// What the application sent, and the guest's own fences; delivered is what went on to the switch, or into the VI.
    var fromGuest = FrameAccount()

    init(toGuest: FrameAccount, fromGuest: FrameAccount) {
        self.toGuest = toGuest
        self.fromGuest = fromGuest
    }

    var identityHolds: Bool { toGuest.isBalanced && fromGuest.isBalanced }

    /// - Parameter pluginDropped: frames of the VI that the guest's plugin dropped.
    init(vif: VifStatus, guest: NetfrontStatus, pluginDropped: UInt64) {
        func at(_ name: String) -> UInt64 { vif.counters[name] ?? 0 }
        toGuest.in = at("offered") + at("fencesMade") + at("segmentsAdded") + guest[.receivedFastPackets] + pluginDropped
        toGuest.delivered =
            guest[.deliveredSlow] + guest[.deliveredFast] + at("viDelivered") + at("fencesSent")
        for reason in Netback.dropReasonsToGuest { toGuest.drop(reason, at(reason)) }
        for reason in NetfrontCounter.drops { toGuest.drop(reason.name, guest[reason]) }
        toGuest.drop("wrongVLAN", pluginDropped)
        toGuest.held = at("held") + at("queued") + guest[.stashDepth]
        fromGuest.in = guest[.transmittedSlowPackets] + guest[.transmittedFastPackets] + guest[.fencesSent]
        fromGuest.delivered = at("forwarded") + guest[.transmittedFastPackets] + at("fencesConsumed")
        for reason in Netback.dropReasonsFromGuest { fromGuest.drop(reason, at(reason)) }
    }
}

extension FrameAccount {
    /// The whole host: what the remote host and the applications sent, and copies, on one side; on the other what they got, and
    /// every reason of the NIC's, the switch's and the guests' to drop a frame.
    init(
        remoteSent: UInt64, remoteGot: UInt64, nic: SoftNICStatistics, switched: [String: UInt64], guests: [NetfrontStatus],
        pluginDropped: UInt64, software: SoftwareVirtualInterfaceCounts
    ) {
        func at(_ name: String) -> UInt64 { switched[name] ?? 0 }
        func sum(_ counter: NetfrontCounter) -> UInt64 { guests.reduce(0) { $0 + $1[counter] } }
        func each(_ value: (SoftNICStatistics.Queue) -> UInt64) -> UInt64 { nic.queues.reduce(0) { $0 + value($1) } }
        `in` = remoteSent + nic.replicated + at("floodCopies") + at("fencesMade") + at("segmentsAdded")
        `in` += sum(.transmittedSlowPackets) + sum(.transmittedFastPackets) + sum(.fencesSent)
        delivered = remoteGot + sum(.deliveredSlow) + sum(.deliveredFast) + at("fencesSent") + at("fencesConsumed")
        drop("nic.linkDown", nic.receivedLinkDown + each(\.unsentLinkDown))
        drop("nic.stopped", nic.receivedStopped + each(\.stopped))
        drop("nic.lostInReset", each(\.lostInReset) + each(\.stale) + each(\.unsentReset))
        drop("nic.byRule", nic.droppedByRule)
        drop("nic.misdirected", nic.misdirected)
        drop("nic.noMbuf", each(\.noMbuf))
        drop("nic.missed", each(\.missed))
        drop("nic.truncated", each(\.truncated))
        drop("nic.oversized", each(\.oversized))
        drop("nic.transmitErrors", each(\.transmitErrors))
        // Nobody polls the VI any more that they came to.
        drop("nic.unread", each(\.unread))
        for reason in Netback.dropReasons { drop(reason, at(reason)) }
        for reason in NetfrontCounter.drops { drop("guest.\(reason.name)", sum(reason)) }
        drop("guest.wrongVLAN", pluginDropped)
        drop("softwareVI.discarded", software.discardedToGuest + software.discardedFromGuest)
        held = each(\.held) + each(\.pending) + at("held") + at("queued") + at("uplinkQueued") + sum(.stashDepth)
        held += UInt64(software.waiting)
    }
}
