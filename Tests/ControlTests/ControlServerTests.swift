// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Control
import Foundation
import Logging
import Synchronization
import Testing

/// The control socket, with clients of every kind.
@Suite(.serialized) struct ControlServerTests {
    private final class Place {
        let host = FakeHost()
        let settings: ControlSocketSettings
        let server: ControlServer
        private let folder: String

        init(mode: UInt16 = 0o600) throws {
            folder = "/tmp/control-\(UUID().uuidString.prefix(8))"
            var settings = ControlSocketSettings()
            settings.path = "\(folder)/c.sock"
            settings.access.mode = mode
            self.settings = settings
            server = try ControlServer(
                try ControlSocketClaim(settings), ControlService(host),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        }

        deinit {
            server.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }

        var path: String { settings.path }
        func status() throws -> StatusReport { try ControlClient(path: path, seconds: 5).send(ControlRequest(.status)) }
    }

    @Test func manyRequestsOfManyClientsAreAnswered() throws {
        let place = try Place()
        let clients = try (0..<10).map { _ in try ControlClient(path: place.path, seconds: 5) }
        for _ in 0..<20 {
            for client in clients {
                let report: StatusReport = try client.send(ControlRequest(.status, vif: "g0"))
                #expect(report == FakeHost.status([FakeHost.vif("g0")]))
            }
        }
    }

    @Test func theSocketHasItsModeAndGoes() throws {
        let path: String
        do {
            let place = try Place(mode: 0o640)
            path = place.path
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aRequestThatIsTooLongIsRefusedAndNobodyElseNotices() throws {
        let place = try Place()
        let rude = try RawClient(place.path)
        rude.send(Array(repeating: UInt8(ascii: "x"), count: 200_000))
        #expect(try rude.lines(1)[0].contains("has at most 65536 bytes"))
        #expect(rude.isClosed())
        #expect(try place.status().pid == 7)
    }

    @Test func requestsInOnePieceAreAnsweredInTurn() throws {
        let place = try Place()
        let client = try RawClient(place.path)
        let request = "{\"version\":1,\"command\":\"log-level\"}\n"
        client.send(Array("\n\n\(request)rubbish\n\(request)".utf8))
        client.endSending()
        let lines = try client.lines(3)
        #expect(lines[0] == lines[2] && lines[0].contains("info") && lines[1].contains("no JSON object"))
        #expect(client.isClosed())
    }

    @Test func aRequestInPiecesIsARequest() throws {
        let place = try Place()
        let client = try RawClient(place.path)
        for byte in "{\"version\":1,\"command\":\"log-level\"}\n".utf8 { client.send([byte]) }
        #expect(try client.lines(1)[0].contains("info"))
    }

    /// Clients that never read, that hang up in the middle, and one whose request takes long.
    @Test func rudeClientsHoldUpNobody() throws {
        let place = try Place()
        let request = Array("{\"version\":1,\"command\":\"status\"}\n".utf8)
        let deaf = try (0..<5).map { _ in try RawClient(place.path) }
        for client in deaf { client.send(Array(repeatElement(request, count: 500).joined())) }
        for _ in 0..<50 {
            let gone = try RawClient(place.path)
            gone.send(Array(request.dropLast(3)))
            gone.close()
        }
        for _ in 0..<20 { #expect(try place.status().pid == 7) }
        // Changes wait for the gate, questions do not.
        let slow = try (0..<8).map { _ in try RawClient(place.path) }
        let answers = place.host.gate.withLock { _ in
            for client in slow { client.send(Array("{\"version\":1,\"command\":\"vif-remove\",\"vif\":\"g0\"}\n".utf8)) }
            return (0..<20).map { _ in try? place.status().pid }
        }
        #expect(answers == Array(repeating: 7, count: 20))
        for client in slow { #expect(try client.lines(1)[0].contains("vif g0 removed")) }
    }

    @Test func clientsAreBounded() throws {
        let place = try Place()
        let clients = try (0..<ControlServer.maximumClients).map { _ in try ControlClient(path: place.path, seconds: 5) }
        for client in clients { let _: StatusReport = try client.send(ControlRequest(.status)) }
        let last = try RawClient(place.path)
        #expect(try last.lines(1)[0].contains("try again when one has gone"))
        #expect(last.isClosed())
        withExtendedLifetime(clients) {}
    }

    @Test func twoDaemonsCanNotHaveOneSocket() throws {
        let place = try Place()
        let failure = #expect(throws: ControlFailure.self) { try ControlSocketClaim(place.settings) }
        #expect(failure?.description.contains("is the control socket of another daemon") == true)
        #expect(try place.status().pid == 7)
    }
}
