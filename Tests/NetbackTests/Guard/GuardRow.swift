// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@testable import Netback

/// One frame of a guest with a policy, and what becomes of it.
struct GuardRow: Sendable {
    let name: String
    let frame: Bytes
    /// The counter; nil when the frame is switched.
    let reason: String?

    init(_ name: String, _ frame: Bytes, _ reason: String? = nil) {
        self.name = name
        self.frame = frame
        self.reason = reason
    }

    static func refused(_ name: String, _ frame: Bytes) -> GuardRow { GuardRow(name, frame, "spoofedAddress") }

    /// Sends each row's frame from a guest with that policy, beside one without any.
    static func check(_ rows: [GuardRow], _ policy: VifPolicy) throws {
        try Rig.run { rig in
            var vif = rig.vif(1, acceleration: false)
            vif.policy = policy
            let one = try rig.netback.addVif(vif, link: nil)
            let two = try rig.netback.addVif(rig.vif(2), link: nil)
            try rig.connect(one, 1)
            try rig.connect(two, 2)
            for row in rows {
                let dropped = drops(rig, one)
                try rig.send([row.frame], from: one)
                if let reason = row.reason {
                    try rig.require("\(row.name) is dropped") { drops(rig, one) != dropped || rig.wire.unread > 0 }
                    var wanted = dropped
                    wanted[reason]! += 1
                    #expect(drops(rig, one) == wanted, "\(row.name) is dropped as \(reason)")
                    #expect(rig.wire.receive().isEmpty, "\(row.name) goes nowhere")
                } else {
                    try rig.require("\(row.name) is dealt with") { drops(rig, one) != dropped || rig.wire.unread > 0 }
                    #expect(rig.wire.receive() == [row.frame], "\(row.name) is switched")
                    #expect(drops(rig, one) == dropped, "\(row.name)")
                    // Whoever has no policy may send all of it.
                    _ = rig.guest(two).receive()
                }
            }
            try rig.settle()
            #expect(rig.guest(two).receive().isEmpty)
            let passed = rows.count { $0.reason == nil }
            #expect(rig.count("forwarded", one) == UInt64(passed))
        }
    }

    private static func drops(_ rig: Rig, _ id: UInt32) -> [String: UInt64] {
        rig.status(id)!.counters.filter { Netback.dropReasonsFromGuest.contains($0.key) }
    }
}
