// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// `viaduct netback --config` as an operator runs it.
    struct DaemonTests {
        @Test(arguments: Account.available, [SIGTERM, SIGINT])
        func servesUntilASignal(account: Account, signal: Int32) throws {
            let place = try DaemonPlace(account)
            try place.start(try place.configure(place.vif("a", 1), place.vif("b", 2, ", vlan: 7")))
            #expect(try place.socketsLeft() == ["a", "b", "control.sock"])
            let vifs = try place.vifs()
            #expect(Set(vifs.keys) == ["a", "b"])
            #expect(vifs["a"]?["isConnected"] as? Bool == false && vifs["b"]?["vlan"] as? Int == 7)
            let text = try place.ask(["status"])
            #expect(text.output.contains("uplink  softnic sfc on net_ring0"))
            let result = try place.stop(signal)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(result.output == "")
            #expect(try place.socketsLeft() == [])
        }

        @Test func itCanBeAskedAndOrdered() throws {
            let place = try DaemonPlace()
            try place.start(try place.configure(place.vif("a", 1)))
            func expect(
                _ words: [String], _ exitCode: Int32, _ mention: String, sourceLocation: SourceLocation = #_sourceLocation
            ) throws {
                let result = try place.ask(words)
                #expect(result.exitCode == exitCode, "\(words): \(result.errors)", sourceLocation: sourceLocation)
                let text = exitCode == 0 ? result.output : result.errors
                #expect(text.contains(mention), "\(words): \(text)", sourceLocation: sourceLocation)
            }
            try expect(["explain", "a"], 0, "No guest is connected")
            try expect(["fdb"], 0, "02:00:00:00:00:01     -  a     static")
            try expect(["accelerate", "a", "on"], 1, "this guest's kernel knows nothing of a VI")
            let keys = [
                "name=b", "mac=02:00:00:00:00:02", "kind=vm", "socket=\(place.sockets)/b", "vlan=5", "ingress.rate=1Gbit",
            ]
            try expect(["vif", "add"] + keys, 0, "vif b added")
            try expect(["vif", "add"] + keys, 1, "another vif is named b")
            #expect(try place.vifs()["b"]?["vlan"] as? Int == 5)
            try expect(["vif", "set", "b", "vlan="], 0, "vif b changed")
            #expect(try place.vifs()["b"]?["vlan"] == nil)
            try expect(["vif", "set", "b", "mac=02:00:00:00:00:01"], 1, "vif a has the address")
            try expect(["fdb"], 0, "02:00:00:00:00:02     -  b     static")
            try expect(["vif", "remove", "b"], 0, "vif b removed")
            try expect(["status", "b"], 1, "there is no vif b")
            #expect(try place.socketsLeft() == ["a", "control.sock"])
            try expect(["flows"], 0, "rules in the port: 0")
            try expect(["switches"], 0, "time")
            try expect(["log-level", "debug"], 0, "debug")
            try expect(["log-level"], 0, "debug")
            #expect(try place.stop().exitCode == 0)
        }

        /// By whoever may not ask the control socket.
        @Test func itsFiguresCanBeScraped() throws {
            let place = try DaemonPlace()
            let port = Int.random(in: 30_000..<32_000)
            try place.start(try place.configure(place.vif("a", 1), wire: "net_null0", rest: "metrics: {port: \(port)}"))
            func scrape(_ path: String) throws -> CommandResult {
                let script = "exec 3<>/dev/tcp/127.0.0.1/\(port); printf 'GET \(path) HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3"
                return try Command(["bash", "-c", script], folder: place.place.folder).run(limit: 20)
            }
            func received() throws -> Int {
                let answer = try scrape("/metrics").output
                let line = answer.split(separator: "\n").first { $0.hasPrefix("viaduct_uplink_received_frames_total ") }
                return try #require(line?.split(separator: " ").last.flatMap { Int($0) }, "\(answer)")
            }
            let before = try received()
            Thread.sleep(forTimeInterval: 0.2)
            #expect(try received() > before)
            #expect(try scrape("/metrics").output.contains("\nviaduct_vif_connected{vif=\"a\"} 0\n"))
            #expect(try scrape("/").output.hasPrefix("HTTP/1.0 404") || scrape("/").output.hasPrefix("HTTP/1.1 404"))
            // One that is taken is an error before anybody is served.
            let other = try DaemonPlace()
            let file = try other.configure(other.vif("b", 2), rest: "metrics: {port: \(port)}")
            let result = try other.place.run(["netback", "--config", file])
            #expect(result.exitCode == 1 && result.errors.contains("can't listen for metrics at 127.0.0.1:\(port)"))
            #expect(try other.socketsLeft() == [])
            #expect(try place.stop().exitCode == 0)
        }

        /// The guest is another daemon, whose NIC in software is plugged into the first one's vif; either of them makes the socket.
        @Test(arguments: ["server", "client"])
        func aGuestInAnotherProcessIsServed(socketMode: String) throws {
            let host = try DaemonPlace()
            try host.start(try host.configure(host.vif("a", 1, ", socket-mode: \(socketMode)"), wire: "net_null0"))
            let guest = try DaemonPlace()
            let wire = "net_virtio_user0,path=\(host.sockets)/a,mac=02:00:00:00:00:01\(socketMode == "client" ? ",server=1" : "")"
            try guest.start(try guest.configure(guest.vif("b", 2), wire: wire))
            var vif: [String: Any] = [:]
            func count(_ path: String, _ field: String) -> Int { (vif[path] as? [String: Any])?[field] as? Int ?? 0 }
            func drops(_ vif: [String: Any]) -> [String] {
                let all = (vif["toGuest"] as? [String: Any])?["drops"] as? [String: Any] ?? [:]
                return all.keys.filter { $0.lowercased().contains("egress") }
            }
            for _ in 0..<50 where count("toGuest", "delivered") == 0 {
                Thread.sleep(forTimeInterval: 0.1)
                vif = try #require(try host.vifs()["a"])
            }
            #expect(vif["isConnected"] as? Bool == true && count("toGuest", "delivered") > 0, "\(vif)")
            #expect(try host.ask(["explain", "a"]).output.contains("this guest's kernel knows nothing of a VI"))
            #expect(try guest.ask(["status"]).output.contains("net_virtio_user0"))
            // A policy changes in place: the guest stays, and what it was sent stays counted.
            let before = count("toGuest", "in")
            #expect(try host.ask(["vif", "set", "a", "egress.rate=1Mbit"]).exitCode == 0)
            for _ in 0..<50 where drops(vif).isEmpty {
                Thread.sleep(forTimeInterval: 0.1)
                vif = try #require(try host.vifs()["a"])
            }
            #expect(vif["isConnected"] as? Bool == true && count("toGuest", "in") > before)
            #expect(!drops(vif).isEmpty, "\(vif)")
            #expect(try guest.stop().exitCode == 0)
            for _ in 0..<50 where vif["isConnected"] as? Bool == true {
                Thread.sleep(forTimeInterval: 0.1)
                vif = try #require(try host.vifs()["a"])
            }
            #expect(vif["isConnected"] as? Bool == false)
            // Made anew it has counted nothing, and its socket is there for the next guest.
            #expect(try host.ask(["vif", "set", "a", "vlan=3"]).exitCode == 0)
            vif = try #require(try host.vifs()["a"])
            #expect(count("toGuest", "in") == 0 && vif["vlan"] as? Int == 3)
            #expect(try host.stop().exitCode == 0)
        }

        @Test func aVifThatCanNotBeMadeAnewStaysAsItWas() throws {
            let place = try DaemonPlace()
            try place.start(try place.configure(place.vif("a", 1)))
            let file = try place.place.file("taken", Array("kept".utf8))
            let result = try place.ask(["vif", "set", "a", "socket=\(file)"])
            #expect(result.exitCode == 1 && result.errors.contains("exists and is no socket"), "\(result.errors)")
            #expect(try place.socketsLeft() == ["a", "control.sock"])
            #expect(Set(try place.vifs().keys) == ["a"])
            #expect(try place.stop().exitCode == 0)
        }

        @Test func aChangedFileChangesWhatItSaysAndNothingElse() throws {
            let place = try DaemonPlace()
            let file = try place.configure(place.vif("a", 1), place.vif("b", 2), place.vif("c", 3))
            try place.start(file)
            let inode = try FileManager.default.attributesOfItem(atPath: "\(place.sockets)/a")[.systemFileNumber] as? Int
            // A bad file changes nothing.
            _ = try place.configure(place.vif("a", 1), "{name: z}", rest: "log-levle: debug")
            place.daemon?.send(SIGHUP)
            place.awaitLog("log-levle: there is no such key: did you mean log-level?")
            place.awaitLog("vifs[1].mac: is missing")
            #expect(Set(try place.vifs().keys) == ["a", "b", "c"])
            // b goes, c is made anew, d comes; the plugin stays what it is.
            _ = try place.configure(place.vif("a", 1), place.vif("c", 3, ", vlan: 9"), place.vif("d", 4), rest: "plugin: none")
            place.daemon?.send(SIGHUP)
            place.awaitLog("plugin can't change while the daemon runs")
            place.awaitLog("event=reload.done")
            let vifs = try place.vifs()
            #expect(Set(vifs.keys) == ["a", "c", "d"] && vifs["c"]?["vlan"] as? Int == 9)
            #expect(try place.socketsLeft() == ["a", "c", "control.sock", "d"])
            let after = try FileManager.default.attributesOfItem(atPath: "\(place.sockets)/a")[.systemFileNumber] as? Int
            #expect(inode != nil && inode == after)
            #expect(try place.stop().exitCode == 0)
        }

        @Test func aBadFileIsToldWholeBeforeAnythingStarts() throws {
            let place = try DaemonPlace()
            let file = try place.configure(place.vif("a", 1, ", vlan: 5000"), place.vif("a", 1), rest: "plugni: none")
            for words in [["netback", "--config", file], ["netback", "--config", file, "--check"]] {
                let result = try place.place.run(words)
                #expect(result.exitCode == 1 && result.seconds < 2)
                #expect(
                    result.errorLines.map { $0.split(separator: ":").prefix(3).joined(separator: ":") } == [
                        "\(file):6: plugni", "\(file):7: vifs[0].vlan", "\(file):7: vifs[1].name", "\(file):7: vifs[1].mac",
                        "\(file):7: vifs[1].socket",
                    ], "\(result.errors)")
            }
            #expect(try place.socketsLeft() == [])
        }

        @Test func aGoodFileIsChecked() throws {
            let place = try DaemonPlace()
            let result = try place.place.run(["netback", "--config", try place.configure(place.vif("a", 1)), "--check"])
            #expect(result.exitCode == 0 && result.output.contains("no problems"))
        }

        @Test func aSocketThatIsTakenIsNamedAndOneThatIsLeftIsReplaced() throws {
            let place = try DaemonPlace()
            let file = try place.configure(place.vif("a", 1))
            try place.start(file)
            let second = try place.place.run(["netback", "--config", file])
            #expect(second.exitCode == 1 && second.errorLines.count == 1)
            #expect(second.errors.contains("\(place.control) is the control socket of another daemon"), "\(second.errors)")
            let other = try place.place.file(
                "other.yaml",
                Array(
                    """
                    version: 1
                    control: {socket: \(place.sockets)/other.sock}
                    uplinks: [{device: net_null0}]
                    vifs: [\(place.vif("a", 1))]

                    """.utf8))
            let third = try place.place.run(["netback", "--config", other])
            #expect(third.exitCode == 1 && third.errorLines.count == 1)
            #expect(third.errors.contains("\(place.sockets)/a is served by another process"), "\(third.errors)")
            // The first one noticed nothing, and what it leaves when it is killed is in nobody's way.
            #expect(Set(try place.vifs().keys) == ["a"])
            _ = try place.stop(SIGKILL)
            #expect(try place.socketsLeft() == ["a", "control.sock", "other.sock.lock"])
            try place.start(file)
            #expect(try place.stop().exitCode == 0)
            #expect(try place.socketsLeft() == ["other.sock.lock"])
        }

        @Test func withoutADaemonTheCommandsSaySo() throws {
            let result = try Workplace().run(["status", "--socket", "/nonexistent/control.sock"])
            #expect(result.exitCode == 1 && result.errorLines.count == 1)
            #expect(result.errors.contains("no daemon serves /nonexistent/control.sock"))
        }
    }
}
