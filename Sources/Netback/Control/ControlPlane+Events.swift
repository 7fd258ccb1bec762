// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import EventLog
import Foundation
import Logging

extension ControlPlane {
    /// Messages of one link that are read in one tick.
    private static let messagesPerScan = 16

    /// Reads what the lane tells, and passes it on.
    func drainEvents() {
        let ring = eventRing.handle
        while ring.count >= LaneEvent.wordCount, let first = ring.dequeue(), let second = ring.dequeue() {
            handle(LaneEvent(first, second))
        }
    }

    private func handle(_ event: LaneEvent) {
        switch event.kind {
        case LaneEvent.Kind.localAddressesChanged: wantsSnapshot = true
        case LaneEvent.Kind.snapshotTaken: takeSnapshot(event.argument)
        default: tell(event)
        }
    }

    private func tell(_ event: LaneEvent) {
        if event.kind == LaneEvent.Kind.flowsHeld { directory.flowHold(of: event.vif, became: .held) }
        if event.kind == LaneEvent.Kind.flowsReleased { directory.flowHold(of: event.vif, became: .idle) }
        guard let plugin, let probed = vifs[event.vif]?.probed else { return }
        let sequence = UInt32(truncatingIfNeeded: event.argument)
        switch event.kind {
        case LaneEvent.Kind.held: plugin.pathEvent(.held, probed)
        case LaneEvent.Kind.released: plugin.pathEvent(.released, probed)
        case LaneEvent.Kind.fenceSent: plugin.pathEvent(.fenceSent(sequence: sequence), probed)
        case LaneEvent.Kind.steered: plugin.pathEvent(.steered, probed)
        case LaneEvent.Kind.unsteered: plugin.pathEvent(.unsteered, probed)
        case LaneEvent.Kind.flowsHeld: plugin.pathEvent(.flowsHeld, probed)
        case LaneEvent.Kind.flowsReleased: plugin.pathEvent(.flowsReleased, probed)
        case LaneEvent.Kind.transmitFence: plugin.pathEvent(.transmitFence(sequence: sequence), probed)
        default: break
        }
    }

    /// Tells the plugin which guests came and went. A guest that went and came back meanwhile did both.
    func tellGuestChanges() {
        guard let plugin else { return }
        for vif in vifs.values {
            guard let probed = vif.probed else { continue }
            var guest = vif.presence
            if guest.generation == vif.toldGeneration { continue }
            vif.toldGeneration = guest.generation
            if vif.isToldConnected {
                plugin.pathEvent(vif.sharesNothing ? .guestDied : .guestGone, probed)
                // A frontend whose slow path went away under it has to begin anew, which the end of its link tells it.
                if vif.guestNow.generation != vif.toldSlowPath { vif.remote?.reset() }
                guest = vif.presence
                vif.toldGeneration = guest.generation
            }
            vif.toldSlowPath = vif.guestNow.generation
            vif.isToldConnected = guest.isThere
            if vif.isToldConnected { plugin.pathEvent(.guestConnected, probed) }
        }
    }

    /// Hands frontends' messages to the plugin. Without one there is nobody to speak to, and what is said is thrown away.
    func readLinks() {
        for vif in vifs.values {
            guard let link = vif.link else { continue }
            for receipt in link.receive(limit: Self.messagesPerScan) {
                switch receipt {
                case .message(let message):
                    if let probed = vif.probed { plugin?.controlMessage(ControlCodec.encode(message), probed) }
                case .violation(let error):
                    link.reset()
                    logViolation(error, vif)
                    if let probed = vif.probed { plugin?.controlMessage([], probed) }
                }
            }
        }
    }

    private func logViolation(_ error: ControlDecodingError, _ vif: Vif) {
        vif.violations += 1
        let now = DispatchTime.now().uptimeNanoseconds
        guard now >= vif.nextViolationLog else { return }
        vif.nextViolationLog = now + 1_000_000_000
        logger.log(
            NetbackEvent.linkViolated,
            [
                "vif": "\(vif.configuration.name)", "violation": "\(error)", "violations": "\(vif.violations)",
            ])
    }

    func checkUplink() {
        // A port that is being repaired must not be asked.
        if portLife.isSuspended { return }
        wantsLinkCheck = false
        guard let plugin, let isUp = try? uplink.port.information.isLinkUp, isUp != wasLinkUp else { return }
        // The first look is no change, unless the link is down.
        if wasLinkUp != nil || !isUp { plugin.linkChanged(isUp: isUp) }
        wasLinkUp = isUp
    }
}
