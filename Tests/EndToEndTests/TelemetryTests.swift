// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// What a daemon says by DPDK's telemetry is what it says by its control socket.
    struct TelemetryTests {
        /// Where the daemon's log says that the socket is.
        private func socket(_ place: DaemonPlace) throws -> String {
            place.awaitLog("telemetry is served")
            let words = try #require(place.daemon).errorText.split(whereSeparator: \.isWhitespace)
            let word = words.first { $0.hasPrefix("socket=") && $0.hasSuffix("dpdk_telemetry.v2") }
            return String(try #require(word).dropFirst("socket=".count))
        }

        private func counts(_ any: Any?) -> [String: UInt64] {
            ((any as? [String: Any]) ?? [:]).compactMapValues { ($0 as? NSNumber)?.uint64Value }
        }

        @Test(arguments: Account.available)
        func itsFiguresAreThoseOfTheStatus(account: Account) throws {
            let place = try DaemonPlace(account)
            try place.start(try place.configure(place.vif("a", 1), place.vif("b-2", 2, ", vlan: 7")))
            let path = try socket(place)
            let client = try TelemetryClient(path)
            #expect(client.greeting["pid"] as? Int == (try client.object("/viaduct/status")["pid"] as? Int))
            let commands = try #require(try client.ask("/") as? [String])
            #expect(commands.contains("/ethdev/list") && commands.filter { $0.hasPrefix("/viaduct/") }.count == 5)
            let text = try place.ask(["status", "--json"]).output
            let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            // Nobody sends: no figure moves.
            let status = try client.object("/viaduct/status")
            #expect(status["pid"] as? Int == report["pid"] as? Int && status["vifs"] as? Int == 2)
            let uplink = try #require(report["uplink"] as? [String: Any])
            #expect(status["device"] as? String == uplink["device"] as? String)
            let told = counts(status["uplink"])
            #expect(told.count == 10 && told.allSatisfy { counts(uplink)[$0.key] == $0.value }, "\(told) \(uplink)")
            let whole = try #require(report["switch"] as? [String: Any])
            let switching = try client.object("/viaduct/switch")
            #expect(counts(switching["counters"]) == counts(whole["counters"]) && counts(switching["counters"]).count > 10)
            #expect(counts(switching["frames"]) == counts(whole["frames"]))
            #expect(try client.object("/viaduct/vifs")["vifs"] as? [String] == ["a", "b-2"])
            for (name, vif) in try place.vifs() {
                let answer = try client.object("/viaduct/vif,\(name)")
                for key in ["name", "kind", "mac", "path", "state"] {
                    #expect(answer[key] as? String != nil && answer[key] as? String == vif[key] as? String, "\(key)")
                }
                #expect(answer["vlan"] as? Int == vif["vlan"] as? Int)
                #expect(counts(answer["counters"]) == counts(vif["counters"]) && counts(answer["counters"]).count > 10)
                #expect(counts(answer["toGuest"]) == counts(vif["toGuest"]))
                #expect(try client.object("/viaduct/flows,\(name)")["flows"] as? [String] == [])
            }
            for command in ["/viaduct/vif,c", "/viaduct/flows,c", "/viaduct/vif"] {
                #expect(try client.object(command)["error"] is String, "\(command)")
            }
            // A client that stays keeps nothing from its end.
            #expect(try place.stop().exitCode == 0)
            #expect(!FileManager.default.fileExists(atPath: path))
        }

        @Test func twoDaemonsAnswerForThemselves() throws {
            let places = [try DaemonPlace(), try DaemonPlace()]
            for (place, name) in zip(places, ["a", "b"]) { try place.start(try place.configure(place.vif(name, 1))) }
            for (place, name) in zip(places, ["a", "b"]) {
                let client = try TelemetryClient(try socket(place))
                #expect(try client.object("/viaduct/vifs")["vifs"] as? [String] == [name])
            }
            for place in places { #expect(try place.stop().exitCode == 0) }
        }

        @Test func itCanBeOff() throws {
            let place = try DaemonPlace()
            try place.start(try place.configure(place.vif("a", 1), rest: "telemetry: false"))
            #expect(!(try #require(place.daemon).errorText.contains("telemetry")))
            #expect(try place.stop().exitCode == 0)
        }
    }
}
