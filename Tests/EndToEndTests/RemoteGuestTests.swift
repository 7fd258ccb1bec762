// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// `viaduct netfront --socket`: guests in processes of their own, which send to each other by a daemon's switch.
    struct RemoteGuestTests {
        private func netfront(_ place: DaemonPlace, _ words: String...) throws -> RunningCommand {
            try place.place.start(["netfront"] + words, as: place.account)
        }

        /// Waits until the daemon has delivered more than `count` frames to vif b; how many seconds that took.
        private func awaitDelivery(_ place: DaemonPlace, beyond count: Int = 0, limit: Double) throws -> Double {
            let start = DispatchTime.now().uptimeNanoseconds
            var vif: [String: Any] = [:]
            var seconds = 0.0
            while seconds < limit {
                vif = try #require(try place.vifs()["b"])
                seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
                if let frames = vif["toGuest"] as? [String: Any], frames["delivered"] as? Int ?? 0 > count { return seconds }
                Thread.sleep(forTimeInterval: 0.02)
            }
            Issue.record("nothing arrives: \(vif)")
            return seconds
        }

        private func number(behind word: String, _ text: String) -> Int {
            let words = text.split(whereSeparator: \.isWhitespace)
            guard let place = words.lastIndex(of: Substring(word)), place + 1 < words.count else { return -1 }
            return Int(words[place + 1]) ?? -1
        }

        @Test(arguments: Account.available) func guestsThatListenOutliveTheirHost(account: Account) throws {
            let place = try DaemonPlace(account)
            let file = try place.configure(
                place.vif("a", 1, ", socket-mode: client"), place.vif("b", 2, ", socket-mode: client"))
            try place.start(file)
            let sink = try netfront(
                place, "sink", "--socket", "\(place.sockets)/b", "--listen", "--mac", "02:00:00:00:00:02")
            let source = try netfront(
                place, "source", "--socket", "\(place.sockets)/a", "--listen", "--mac", "02:00:00:00:00:01",
                "--destination-mac", "02:00:00:00:00:02", "--rate", "20000")
            _ = try awaitDelivery(place, beyond: 1000, limit: 20)
            for _ in 0..<2 {
                #expect(try place.stop(SIGKILL).exitCode == 128 + SIGKILL)
                try place.start(file)
                // From the daemon's answer on.
                #expect(try awaitDelivery(place, limit: 15) < 2)
            }
            source.send(SIGTERM)
            let sent = try source.end()
            sink.send(SIGTERM)
            let received = try sink.end()
            #expect(sent.output.contains("the host is back") || sent.errors.contains("the host is back"), "\(sent)")
            #expect(number(behind: "received", received.output) > 1000, "\(received)")
            #expect(number(behind: "reordered", received.output) == 0 && number(behind: "duplicated", received.output) == 0)
            #expect(try place.stop().exitCode == 0)
        }

        @Test func aGuestOfAHostThatEndsSaysSo() throws {
            let place = try DaemonPlace()
            try place.start(try place.configure(place.vif("a", 1), place.vif("b", 2)))
            let sink = try netfront(place, "sink", "--socket", "\(place.sockets)/b", "--mac", "02:00:00:00:00:02")
            let source = try netfront(
                place, "source", "--socket", "\(place.sockets)/a", "--mac", "02:00:00:00:00:01", "--destination-mac",
                "02:00:00:00:00:02")
            _ = try awaitDelivery(place, limit: 20)
            #expect(try place.stop().exitCode == 0)
            for guest in [sink, source] {
                let end = try guest.end()
                #expect(end.exitCode == 1 && end.errors.contains("the host ended"), "\(end)")
            }
        }
    }
}
