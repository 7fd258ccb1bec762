// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// A daemon with its configuration and its control socket, in a workplace of its own.
final class DaemonPlace {
    let place: Workplace
    let account: Account
    /// Of the daemon's sockets; the account's own.
    let sockets: String
    private(set) var daemon: RunningCommand?

    init(_ account: Account = .own) throws {
        self.account = account
        place = try Workplace()
        sockets = place.folder.appendingPathComponent("sockets").path
        try FileManager.default.createDirectory(atPath: sockets, withIntermediateDirectories: false)
        if account == .nobody {
            try FileManager.default.setAttributes(
                [.ownerAccountName: "nobody", .groupOwnerAccountName: "nogroup"], ofItemAtPath: sockets)
        }
    }

    var control: String { "\(sockets)/control.sock" }

    /// Writes the file: what every daemon of these tests has, and vifs in YAML's flow style.
    func configure(_ vifs: String..., wire: String = "net_ring0", rest: String = "") throws -> String {
        let text = """
            version: 1
            control: {socket: \(control)}
            uplinks: [{softnic: {wire: "\(wire)"}}]
            memory: {megabytes: 300, pages: ordinary}
            switch: {maximum-vifs: 8}
            \(rest)
            vifs: [\(vifs.joined(separator: ", "))]

            """
        return try place.file("viaduct.yaml", Array(text.utf8))
    }

    func vif(_ name: String, _ number: Int, _ more: String = "") -> String {
        "{name: \(name), mac: \"02:00:00:00:00:0\(number)\", kind: vm, socket: \(sockets)/\(name)\(more)}"
    }

    func start(_ file: String, with variables: [String: String] = [:]) throws {
        let daemon = try place.start(["netback", "--config", file], as: account, with: variables)
        self.daemon = daemon
        for _ in 0..<200 {
            if try ask(["status"]).exitCode == 0 { return }
            try #require(daemon.isRunning, "\(daemon.errorText)")
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record("the daemon does not answer: \(daemon.errorText)")
    }

    func ask(_ words: [String]) throws -> CommandResult {
        try place.start(words + ["--socket", control], as: account).end()
    }

    /// The vifs of a JSON status, by name.
    func vifs() throws -> [String: [String: Any]] {
        let result = try ask(["status", "--json"])
        try #require(result.exitCode == 0, "\(result.errors)")
        let report = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(report["schemaVersion"] as? Int == 1)
        let vifs = try #require(report["vifs"] as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: vifs.map { ($0["name"] as? String ?? "", $0) })
    }

    /// Waits until the daemon logged something.
    func awaitLog(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for _ in 0..<100 {
            if daemon?.errorText.contains(words) == true { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record("not logged: \(words)\n\(daemon?.errorText ?? "")", sourceLocation: sourceLocation)
    }

    func stop(_ signal: Int32 = SIGTERM) throws -> CommandResult {
        let daemon = try #require(daemon)
        daemon.send(signal)
        return try daemon.end()
    }

    /// What is in the folder of sockets; the lock beside the control socket stays.
    func socketsLeft() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: sockets).filter { $0 != "control.sock.lock" }.sorted()
    }
}
