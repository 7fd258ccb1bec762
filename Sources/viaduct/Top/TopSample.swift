// SPDX-License-Identifier: BSD-3-Clause

/// What `viaduct top` shows of one moment: rates between two reports of a daemon. A rate that is not known is nil.
struct TopSample: Codable, Sendable, Equatable {
    /// Frames, and the bits of them from the first address to the last byte of payload.
    struct Rate: Codable, Sendable, Equatable {
        var framesPerSecond: Double
        var bitsPerSecond: Double
    }

    struct Uplink: Codable, Sendable, Equatable {
        var device: String
        /// `link up`, `link down`, or why it is out of use.
        var state: String
        var received: Rate?
        var transmitted: Rate?
        /// Frames that the port itself lost.
        var lostPerSecond: Double?
    }

    struct Lcore: Codable, Sendable, Equatable {
        var lcore: UInt32
        var idle: String
        /// Of the rounds of its poll loop, those that found a packet: 0 to 1. nil without a round.
        var busy: Double?
    }

    struct Vif: Codable, Sendable, Equatable {
        var name: String
        var kind: String
        /// `fast` or `slow`.
        var path: String
        var form: String?
        var isWanted: Bool
        /// By both paths.
        var toGuest: Rate?
        var fromGuest: Rate?
        /// Frames of the guest that came by the slow path while it was accelerated; nil while it is not.
        var declinesPerSecond: Double?
        var dropsPerSecond: Double?
        /// Why it is not accelerated; nil while it is.
        var reason: String?
    }

    var pid: Int32
    var uptimeSeconds: Double
    /// Between the two reports, by the daemon's clock; nil when they can't be compared.
    var seconds: Double?
    var uplink: Uplink
    var lcores: [Lcore]
    var vifs: [Vif]
}
