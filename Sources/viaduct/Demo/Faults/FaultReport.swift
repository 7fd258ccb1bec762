// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Netback
import Netfront
import SoftNIC

/// What a run with faults came to: the JSON of `viaduct demo --faults`, and the judgement on it.
struct FaultReport: Encodable, Equatable, Sendable {
    struct Vif: Encodable, Equatable, Sendable {
        let name: String
        /// Of the steering at the end; null when there is none.
        let form: String?
        /// From the last fault's end to the fast path; null when it did not come.
        let acceleratedAgainMillis: Double?
        let account: VifAccount
        /// Of what the remote host sent to this guest.
        let lost: UInt64
        let reordered: UInt64
        let duplicated: UInt64
        /// Times that a path was left by force, after which frames may come late.
        let possibleReorderings: UInt64

        private enum Key: String, CodingKey {
            case name, form, acceleratedAgainMillis, toGuest, fromGuest, identityHolds, lost, reordered, duplicated
            case possibleReorderings
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(name, forKey: .name)
            try container.encode(form, forKey: .form)
            try container.encode(acceleratedAgainMillis, forKey: .acceleratedAgainMillis)
            try container.encode(account.toGuest, forKey: .toGuest)
            try container.encode(account.fromGuest, forKey: .fromGuest)
            try container.encode(account.identityHolds, forKey: .identityHolds)
            try container.encode(lost, forKey: .lost)
            try container.encode(reordered, forKey: .reordered)
            try container.encode(duplicated, forKey: .duplicated)
            try container.encode(possibleReorderings, forKey: .possibleReorderings)
        }
    }

    struct Port: Encodable, Equatable, Sendable {
        let resets: UInt64
        let recoveries: UInt64
        let failures: UInt64
    }

    /// Frames that the remote host sent, and that did not come back to it, or not as they were sent.
    struct RoundTrip: Encodable, Equatable, Sendable {
        let sent: UInt64
        let lost: UInt64
        let reordered: UInt64
        let duplicated: UInt64
        /// Frames that arrived with their end cut off, most of which can't be told any more.
        let cut: UInt64
        /// Lost frames beyond all that were dropped for a reason or cut.
        let unexplained: UInt64
    }

    let nic: String
    let seed: UInt64
    let seconds: Double
    /// How often each fault was fired.
    let faults: [String: Int]
    let vifs: [Vif]
    /// Of the whole host, both directions together.
    let host: FrameAccount
    let roundTrip: RoundTrip
    let port: Port
    let mbufsInUse: Int

    var identityHolds: Bool { host.isBalanced && vifs.allSatisfy(\.account.identityHolds) }
    /// Of the last guest; nil when one is not accelerated again.
    var acceleratedAgainMillis: Double? {
        let times = vifs.compactMap(\.acceleratedAgainMillis)
        return times.count == vifs.count ? times.max() : nil
    }

    private enum Key: String, CodingKey {
        case nic, seed, seconds, faults, vifs, host, identityHolds, acceleratedAgainMillis, roundTrip, port, mbufsInUse
        case leakedMbufs
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(nic, forKey: .nic)
        try container.encode(seed, forKey: .seed)
        try container.encode(seconds, forKey: .seconds)
        try container.encode(faults, forKey: .faults)
        try container.encode(vifs, forKey: .vifs)
        try container.encode(host, forKey: .host)
        try container.encode(identityHolds, forKey: .identityHolds)
        try container.encode(acceleratedAgainMillis, forKey: .acceleratedAgainMillis)
        try container.encode(roundTrip, forKey: .roundTrip)
        try container.encode(port, forKey: .port)
        try container.encode(mbufsInUse, forKey: .mbufsInUse)
        // At the end of a run whatever is still in use has leaked.
        try container.encode(mbufsInUse, forKey: .leakedMbufs)
    }

    /// Why the run failed, in a line; nil when it did not.
    var complaint: String? {
        let verbose = "please report it with the output of --verbose"
        if let vif = vifs.first(where: { !$0.account.identityHolds }) {
            return "the frames of \(vif.name) do not add up: \(verbose)"
        }
        if !host.isBalanced { return "the host's frames do not add up: \(verbose)" }
        if roundTrip.unexplained > 0 { return "\(roundTrip.unexplained) frames were lost for no reason: \(verbose)" }
        if let vif = vifs.first(where: { $0.acceleratedAgainMillis == nil }) {
            return "\(vif.name) is not accelerated again: \(verbose)"
        }
        if mbufsInUse > 0 { return "\(mbufsInUse) mbufs were not given back: \(verbose)" }
        return nil
    }

    /// The end of a run, for people.
    var summary: String {
        func list(_ counts: [String: some Comparable & CustomStringConvertible]) -> String {
            counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: "  ")
        }
        func row(_ title: String, _ account: FrameAccount) -> String {
            let equation = "in \(account.in) = delivered \(account.delivered) + dropped \(account.dropped) + held \(account.held)"
            return title + equation + (account.isBalanced ? "" : "  DOES NOT HOLD")
        }
        var lines = ["", "faults     " + list(faults)]
        lines.append("port       resets \(port.resets)  repairs \(port.recoveries)  failures \(port.failures)")
        for vif in vifs {
            lines.append(row("\(vif.name)     to   ", vif.account.toGuest))
            lines.append(row("           from ", vif.account.fromGuest))
            let again = vif.acceleratedAgainMillis.map { "fast again in \($0) ms" } ?? "not accelerated again"
            let order = "reordered \(vif.reordered)  duplicated \(vif.duplicated)"
            lines.append("           \(again)  form \(vif.form ?? "-")  lost \(vif.lost)  \(order)")
        }
        lines.append(row("host       ", host))
        lines.append("dropped    " + list(host.drops))
        lines.append(
            "round trip sent \(roundTrip.sent)  lost \(roundTrip.lost)  unexplained \(roundTrip.unexplained)  "
                + "reordered \(roundTrip.reordered)  duplicated \(roundTrip.duplicated)  mbufs in use \(mbufsInUse)")
        return lines.joined(separator: "\n")
    }
}
