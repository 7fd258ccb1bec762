// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// `viaduct top` of a daemon under traffic.
    struct TopTests {
        /// The lines of vifs, by name, in words, and their order.
        private static func vifs(_ lines: [String]) -> (order: String, words: [String: [Substring]]) {
            var order = ""
            var words: [String: [Substring]] = [:]
            for line in lines {
                let parts = line.split(separator: " ")
                guard let name = parts.first.map(String.init), ["a", "b", "c"].contains(name), parts.count > 7 else { continue }
                order += name
                words[name] = parts
            }
            return (order, words)
        }

        private static func terminal(_ scene: FloodedDaemon) throws -> TerminalSession {
            try TerminalSession(in: scene.place.place.folder, width: 150, height: 24)
        }

        private static func command(_ scene: FloodedDaemon) -> String {
            "\(scene.place.place.folder.path)/viaduct top --socket \(scene.place.control) --interval 0.5"
        }

        @Test func oneSampleIsPrintedWhereThereIsNoTerminal() throws {
            let scene = try FloodedDaemon()
            try scene.start()
            let result = try scene.place.ask(["top", "--interval", "1"])
            let (order, words) = Self.vifs(result.outputLines.map(String.init))
            #expect(result.exitCode == 0 && result.seconds > 1 && order == "abc" && result.errors == "", "\(result)")
            #expect(!result.output.contains("\u{1B}"))
            // By its VI, both ways: what the port counted, and the bytes of it.
            let fast = try #require(words["a"])
            #expect(fast[1...3] == ["remote", "fast", "A"])
            for index in 4...7 { #expect(Double(fast[index]) ?? 0 > 0, "\(fast)") }
            #expect(words["b"]?[2] == "slow" && words["b"]?[9].hasPrefix("noFreeVI") == true, "\(words)")
            #expect(words["c"]?[9...12] == ["No", "guest", "is", "connected:"], "\(words)")
            let json = try scene.place.ask(["top", "--json", "--interval", "0.5", "--sort", "name"])
            let sample = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            let vifs = try #require(sample["vifs"] as? [[String: Any]])
            let rates = vifs.map { ($0["toGuest"] as? [String: Any])?["framesPerSecond"] as? Double ?? -1 }
            #expect(vifs.map { $0["name"] as? String } == ["a", "b", "c"] && rates[0] > 1000 && rates[2] == 0, "\(json.output)")
            #expect(abs((sample["seconds"] as? Double ?? 0) - 0.5) < 0.3)
            try scene.end()
            let gone = try scene.place.ask(["top", "--once"])
            #expect(gone.exitCode == 1 && gone.errors.contains("no daemon serves") && gone.output == "")
        }

        @Test func theLiveViewFollowsKeysTheTerminalAndTheDaemon() throws {
            let scene = try FloodedDaemon()
            try scene.start()
            let terminal = try Self.terminal(scene)
            try terminal.type("stty -g > \(scene.place.place.folder.path)/before; echo remember me")
            try terminal.type(Self.command(scene))
            let isFlowing: ([String]) -> Bool = { Double(Self.vifs($0).words["a"]?[4] ?? "") ?? 0 > 0 }
            #expect(terminal.shows { isFlowing($0) && Self.vifs($0).order == "abc" && !$0.contains("remember me") })
            try terminal.press("p")
            // What shall be accelerated and is not comes first.
            #expect(terminal.shows { Self.vifs($0).order == "bca" })
            try terminal.press("n", "r")
            #expect(terminal.shows { Self.vifs($0).order == "cba" })
            try terminal.resize(width: 60, height: 7)
            #expect(
                terminal.shows { lines in
                    lines.contains { $0.hasPrefix("... 1 more") } && lines.contains { $0.hasPrefix("c ") && $0.hasSuffix("..") }
                        && lines.allSatisfy { $0.count <= 60 } && !lines.contains { $0.hasPrefix("a ") }
                })
            try terminal.press("Down")
            #expect(terminal.shows { lines in lines.contains { $0.hasPrefix("a ") } && !lines.contains { $0.hasPrefix("c ") } })
            try terminal.resize(width: 150, height: 24)
            #expect(terminal.shows { Self.vifs($0).order == "cba" })
            try scene.stopDaemon()
            #expect(terminal.shows { $0.first?.hasPrefix("no daemon serves \(scene.place.control)") == true })
            try scene.start()
            #expect(terminal.shows { isFlowing($0) && $0.first?.hasPrefix("process") == true })
            try terminal.press("q")
            #expect(terminal.shows { $0.contains("remember me") && $0.last { !$0.isEmpty } == TerminalSession.prompt })
            let folder = scene.place.place.folder.path
            try terminal.type("echo code $?; stty -g | cmp - \(folder)/before && echo as before")
            #expect(terminal.shows { $0.contains("code 0") && $0.contains("as before") })
            try scene.end()
        }

        @Test func everyWayOutGivesTheTerminalBack() throws {
            let scene = try FloodedDaemon()
            try scene.start()
            let terminal = try Self.terminal(scene)
            let folder = scene.place.place.folder.path
            try terminal.type("stty -g > \(folder)/before")
            func check(_ code: String) throws {
                #expect(terminal.shows { $0.last { !$0.isEmpty } == TerminalSession.prompt })
                try terminal.type("code=$?; clear; echo code $code; stty -g | cmp - \(folder)/before && echo as before")
                #expect(terminal.shows { $0.contains(code) && $0.contains("as before") }, "\(code)")
            }
            func begin() throws {
                try terminal.type(Self.command(scene))
                #expect(terminal.shows { Self.vifs($0).order.count == 3 })
            }
            try begin()
            try terminal.press("C-c")
            try check("code \(128 + SIGINT)")
            for signal in [SIGTERM, SIGINT] {
                try begin()
                kill(try terminal.child(), signal)
                try check("code \(128 + signal)")
            }
            try begin()
            try terminal.press("C-z")
            #expect(terminal.shows { $0.contains { $0.contains("Stopped") } })
            try check("code \(128 + SIGTSTP)")
            try terminal.type("fg")
            #expect(terminal.shows { Self.vifs($0).order.count == 3 })
            try terminal.press("q")
            try check("code 0")
            try scene.end()
        }
    }
}
