// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// A daemon whose wire repeats frames for vif a, as fast as it can; a and b, guests in processes of their own, want the one VI that there is, and c has
/// no guest.
final class FloodedDaemon {
    let place: DaemonPlace
    /// a's and b's.
    private(set) var guests: [RunningCommand] = []
    private let file: String

    init() throws {
        let place = try DaemonPlace()
        self.place = place
        let capture = try place.place.file("wire.pcap", CaptureFile.frames(64))
        func remote(_ name: String, _ number: Int) -> String {
            "{name: \(name), mac: \"02:00:00:00:00:0\(number)\", kind: remote, trusted: true, "
                + "socket: \(place.sockets)/\(name), socket-mode: client}"
        }
        let text = """
            version: 1
            control: {socket: \(place.control)}
            uplinks: [{softnic: {wire: "net_pcap0,rx_pcap=\(capture),infinite_rx=1"}, virtual-interfaces: 1}]
            memory: {megabytes: 300, pages: ordinary}
            vifs: [\(remote("a", 1)), \(remote("b", 2)), \(place.vif("c", 3))]

            """
        file = try place.place.file("viaduct.yaml", Array(text.utf8))
    }

    /// Starts it, and its guests the first time: then it is a that has the VI. Later it is whoever comes first.
    func start() throws {
        if guests.isEmpty {
            try startGuest("a", 1)
            try place.start(file)
            try waitFor("a is not accelerated") { $0["a"]?["path"] as? String == "fast" }
            try startGuest("b", 2)
        } else {
            try place.start(file)
        }
        try waitFor("nobody wants the other VI") { vifs in
            vifs.values.contains { ($0["reason"] as? [String: Any])?["code"] as? String == "noFreeVI" }
        }
    }

    private func startGuest(_ name: String, _ number: Int) throws {
        guests.append(
            try place.place.start([
                "netfront", "macswap", "--socket", "\(place.sockets)/\(name)", "--listen", "--mac", "02:00:00:00:00:0\(number)",
            ]))
    }

    private func waitFor(_ words: Comment, _ condition: ([String: [String: Any]]) -> Bool) throws {
        for _ in 0..<200 {
            if condition(try place.vifs()) { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record(words)
    }

    /// Under that flood the daemon goes as soon as without.
    func stopDaemon() throws {
        let result = try place.stop()
        #expect(result.exitCode == 0 && result.seconds < 2, "\(result)")
    }

    func end() throws {
        try stopDaemon()
        try endGuests()
    }

    func endGuests() throws {
        for guest in guests {
            guest.send(SIGCONT)
            guest.send(SIGTERM)
            _ = try guest.end()
        }
    }
}
