// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// A folder for one test, with a copy of the binary that every account can run; removed with it.
final class Workplace {
    let folder: URL
    private let binary: URL
    /// `XDG_RUNTIME_DIR` of each command, by account; each must be empty again after it.
    private var runtimeFolders: [Account: URL] = [:]

    init() throws {
        let source = try #require(BuiltBinary.path)
        folder = URL(fileURLWithPath: "/tmp/end-to-end-\(UUID().uuidString)")
        binary = folder.appendingPathComponent("viaduct")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try FileManager.default.copyItem(at: URL(fileURLWithPath: source), to: binary)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: binary.path)
        for account in Account.available {
            let runtime = folder.appendingPathComponent("runtime-\(account)")
            try FileManager.default.createDirectory(
                at: runtime, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            if account == .nobody {
                try FileManager.default.setAttributes(
                    [.ownerAccountName: "nobody", .groupOwnerAccountName: "nogroup"], ofItemAtPath: runtime.path)
            }
            runtimeFolders[account] = runtime
        }
    }

    /// Starts the binary, to run beside others until it is told to end.
    func start(
        _ arguments: [String], as account: Account = .own, with variables: [String: String] = [:]
    ) throws -> RunningCommand {
        var (command, environment) = try invocation(arguments, as: account)
        environment.merge(variables) { $1 }
        return try RunningCommand(command, environment: environment, folder: folder)
    }

    private func invocation(_ arguments: [String], as account: Account) throws -> ([String], [String: String]) {
        var environment = ProcessInfo.processInfo.environment
        environment["XDG_RUNTIME_DIR"] = try #require(runtimeFolders[account]).path
        guard account == .nobody else { return ([binary.path] + arguments, environment) }
        environment["HOME"] = "/nonexistent"
        let other = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs"]
        return (other + [binary.path] + arguments, environment)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A file in the folder that every account can read.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = folder.appendingPathComponent(name)
        try Data(bytes).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        return file.path
    }

    /// Makes a file readable for its owner alone; its path.
    func hide(_ path: String) throws -> String {
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    /// Runs the binary, and checks that it left nothing behind.
    ///
    /// - Parameter signal: a signal to send, and after how many seconds.
    func run(
        _ arguments: [String], as account: Account = .own, limit: Double = 60, signal: (number: Int32, after: Double)? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> CommandResult {
        let runtime = try #require(runtimeFolders[account])
        var (command, environment) = try invocation(arguments, as: account)
        let mark = UUID().uuidString
        environment["END_TO_END_MARK"] = mark
        let before = try Belongings.now(mark: mark)
        let result = try Command(command, environment: environment, folder: folder).run(limit: limit, signal: signal)
        // The kernel may need a moment, and what another run on this machine uses meanwhile goes away with that.
        var left = try Belongings.now(mark: mark).subtracting(before)
        for _ in 0..<100 where !left.isEmpty {
            Thread.sleep(forTimeInterval: 0.2)
            left.formIntersection(try Belongings.now(mark: mark))
        }
        #expect(left == [], "left behind by \(arguments)", sourceLocation: sourceLocation)
        let rest = try FileManager.default.contentsOfDirectory(atPath: runtime.path)
        #expect(rest == [], "left in XDG_RUNTIME_DIR by \(arguments)", sourceLocation: sourceLocation)
        return result
    }
}
