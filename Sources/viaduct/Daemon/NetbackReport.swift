// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Control
import Netback

/// What a netback with attached guests counted.
struct NetbackReport: Encodable, Sendable {
    struct VirtualInterfaces: Encodable, Sendable {
        let free, granted, quarantined: Int
    }

    struct Guest: Encodable, Sendable {
        let name: String
        let mac: String
        let stage: String
        let acceleration: String
        let form: String?
        /// Why it is not accelerated, or why its VI can't be used any more.
        let reason: String?
        let served, ended, killed, reclaimed, refused: Int
        let longestReclaimMilliseconds: Double
        /// Of the guest's pool and of its VI's: 0 when no guest is there.
        let mbufsInUse, virtualInterfaceMbufsInUse: Int
        let counters: [String: UInt64]
        /// What became of its frames.
        let toGuest, fromGuest: FrameCount

        init(_ vif: VifStatus, mbufsInUse: Int, virtualInterfaceMbufsInUse: Int) {
            let attachment = vif.attachment ?? AttachmentStatus.none
            name = vif.name
            mac = "\(vif.mac)"
            stage = attachment.stage.rawValue
            acceleration = "\(vif.acceleration.state)"
            form = vif.acceleration.form.map(String.init)
            reason = attachment.quarantine ?? vif.acceleration.reason?.description ?? attachment.reason
            served = attachment.served
            ended = attachment.ended
            killed = attachment.killed
            reclaimed = attachment.reclaimed
            refused = attachment.refused
            longestReclaimMilliseconds = (Double(attachment.longestReclaimNanoseconds) / 10_000).rounded() / 100
            self.mbufsInUse = mbufsInUse
            self.virtualInterfaceMbufsInUse = virtualInterfaceMbufsInUse
            counters = vif.counters.filter { $0.value > 0 }
            toGuest = FrameCount(toGuest: vif.counters)
            fromGuest = FrameCount(fromGuest: vif.counters)
        }
    }

    let rules: Int
    let virtualInterfaces: VirtualInterfaces
    let counters: [String: UInt64]
    /// What became of all frames in the switch.
    let frames: FrameCount
    let guests: [Guest]
    /// Mbufs of the host's own pools that were in use when everything was taken down.
    var mbufsInUse = 0

    var summary: String {
        let lines = guests.map { guest in
            "\(guest.name)  \(guest.stage), \(guest.acceleration)\(guest.reason.map { " (\($0))" } ?? ""): "
                + "\(guest.served) served, \(guest.killed) killed, \(guest.reclaimed) reclaimed in at most "
                + "\(guest.longestReclaimMilliseconds) ms"
        }
        let own =
            "rules \(rules)  VIs free \(virtualInterfaces.free) granted \(virtualInterfaces.granted) "
            + "quarantined \(virtualInterfaces.quarantined)"
        let counts = counters.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return (lines + [own, counts.joined(separator: "  ")]).joined(separator: "\n")
    }
}
