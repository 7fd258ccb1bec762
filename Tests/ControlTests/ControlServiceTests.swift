// SPDX-License-Identifier: BSD-3-Clause
import Control
import Foundation
import Logging
import Testing
import Wire

/// What a daemon answers, whatever it is asked.
@Suite struct ControlServiceTests {
    private static func ask(_ line: String, _ host: FakeHost = FakeHost()) throws -> ControlReply<ControlDone> {
        let reply = ControlService(host).answer(Array(line.utf8))
        #expect(!reply.contains(UInt8(ascii: "\n")))
        return try JSONDecoder().decode(ControlReply<ControlDone>.self, from: Data(reply))
    }

    @Test(arguments: [
        ("", "no JSON object"), ("hello", "no JSON object"), ("[]", "no JSON object"), ("{}", "no JSON object"),
        ("{\"version\":\"1\"}", "no JSON object"), ("{\"version\":2,\"command\":\"status\"}", "speaks version 1, not 2"),
        ("{\"version\":1}", "is not understood"), ("{\"version\":1,\"command\":\"shutdown\"}", "is not understood"),
        ("{\"version\":1,\"command\":3}", "is not understood"),
        ("{\"version\":1,\"command\":\"status\",\"vif\":7}", "is not understood"),
        ("{\"version\":1,\"command\":\"status\",\"vif\":\"g1\"}", "there is no vif g1: did you mean g0?"),
        ("{\"version\":1,\"command\":\"explain\"}", "explain needs a vif"),
        ("{\"version\":1,\"command\":\"accelerate\",\"vif\":\"g0\"}", "accelerate needs wanted"),
        ("{\"version\":1,\"command\":\"accelerate\",\"vif\":\"machine\",\"wanted\":true}", "knows nothing of a VI"),
        ("{\"version\":1,\"command\":\"vif-add\"}", "vif-add needs settings"),
        ("{\"version\":1,\"command\":\"vif-add\",\"settings\":[1,2]}", "must be keys with values"),
        ("{\"version\":1,\"command\":\"vif-remove\",\"vif\":\"x\"}", "there is no vif x"),
        ("{\"version\":1,\"command\":\"vif-set\",\"vif\":\"g0\"}", "vif-set needs settings"),
        ("{\"version\":1,\"command\":\"log-level\",\"level\":\"loud\"}", "is no log level"),
        ("{\"version\":1,\"command\":\"fdb\"}", "the poll loop does not answer"),
    ])
    func aBadRequestIsOneClearLine(line: String, words: String) throws {
        let host = FakeHost()
        let reply = try Self.ask(line, host)
        #expect(!reply.ok && reply.result == nil)
        #expect(reply.errors?.first?.contains(words) == true, "\(reply.errors ?? [])")
        #expect(host.told == [])
    }

    @Test func nestingThatWouldEatTheStackIsNotDecoded() throws {
        let deep = String(repeating: "[", count: 30000) + String(repeating: "]", count: 30000)
        let reply = try Self.ask("{\"version\":1,\"command\":\"vif-add\",\"settings\":\(deep)}")
        #expect(reply.errors?.first?.contains("levels") == true)
        // In a string there are no levels.
        let text = try Self.ask("{\"version\":1,\"command\":\"status\",\"vif\":\"\(String(repeating: "[\\\"", count: 50))\"}")
        #expect(text.errors?.first?.contains("there is no vif") == true)
    }

    /// No line of bytes brings the service down or changes anything.
    @Test func randomBytesAreRefused() throws {
        var state: UInt64 = 42
        func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        let good = Array("{\"version\":1,\"command\":\"vif-add\",\"settings\":{\"name\":\"x\",\"vlan\":3}}".utf8)
        let host = FakeHost()
        for round in 0..<2000 {
            var line = round.isMultiple(of: 2) ? good : (0..<Int(next())).map { _ in next() }
            for _ in 0..<4 where !line.isEmpty { line[Int(next()) % line.count] = next() }
            let reply = ControlService(host).answer(line)
            #expect(throws: Never.self) { try JSONDecoder().decode(ControlReply<ControlDone>.self, from: Data(reply)) }
        }
        #expect(host.told == [])
    }

    @Test func everyProblemOfAVifIsTold() throws {
        let reply = try Self.ask(
            "{\"version\":1,\"command\":\"vif-add\",\"settings\":{\"name\":\"g9\",\"mac\":\"x\",\"kind\":\"vm\",\"vlann\":1}}")
        #expect(reply.errors?.count == 3, "\(reply.errors ?? [])")
    }

    @Test func ordersReachTheHost() throws {
        let host = FakeHost()
        for line in [
            "{\"version\":1,\"command\":\"accelerate\",\"vif\":\"g0\",\"wanted\":false}",
            "{\"version\":1,\"command\":\"vif-add\",\"settings\":{\"name\":\"n\",\"mac\":\"02:00:00:00:00:09\",\"kind\":\"vm\",\"socket\":\"/n\",\"vlan\":3,\"spoof-guard\":false}}",
            "{\"version\":1,\"command\":\"vif-set\",\"vif\":\"g0\",\"settings\":{\"vlan\":null}}",
            "{\"version\":1,\"command\":\"vif-remove\",\"vif\":\"machine\"}",
            "{\"version\":1,\"command\":\"log-level\",\"level\":\"trace\"}",
        ] {
            let reply = ControlService(host).answer(Array(line.utf8))
            #expect(String(decoding: reply, as: UTF8.self).contains("\"ok\":true"), "\(line)")
        }
        #expect(
            host.told == ["accelerate g0 false", "add n 02:00:00:00:00:09", "change g0 [\"vlan\"]", "remove machine"])
        #expect(host.logLevel == .trace)
    }
}
