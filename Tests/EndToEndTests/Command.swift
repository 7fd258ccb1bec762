// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What a command came to.
struct CommandResult {
    let exitCode: Int32
    let output: String
    let errors: String
    /// From the start, or from the signal when one was sent.
    let seconds: Double

    var outputLines: [Substring] { output.split(separator: "\n") }
    var errorLines: [Substring] { errors.split(separator: "\n") }
}

struct CommandTimeout: Error, CustomStringConvertible {
    let description: String
}

/// A process of its own that a test starts and sees to its end.
struct Command {
    private let words: [String]
    private let environment: [String: String]
    private let folder: URL

    /// - Parameter folder: takes the output while the command runs.
    init(_ words: [String], environment: [String: String] = ProcessInfo.processInfo.environment, folder: URL) {
        self.words = words
        self.environment = environment
        self.folder = folder
    }

    /// Runs it; kills it, and throws, when it takes longer than `limit` seconds.
    func run(limit: Double, signal: (number: Int32, after: Double)? = nil) throws -> CommandResult {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let output = try Capture(in: folder)
        let errors = try Capture(in: folder)
        process.standardOutput = output.handle
        process.standardError = errors.handle
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        var start = DispatchTime.now()
        try Self.withoutBlockedSignals { try process.run() }
        if let signal, ended.wait(timeout: start + signal.after) == .timedOut {
            start = .now()
            _ = kill(process.processIdentifier, signal.number)
        } else if signal != nil {
            ended.signal()
        }
        if ended.wait(timeout: .now() + limit) == .timedOut {
            _ = kill(process.processIdentifier, SIGKILL)
            ended.wait()
            throw CommandTimeout(
                description: "\(words) did not end within \(limit) s\n\(try output.text())\n\(try errors.text())")
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        return CommandResult(
            exitCode: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: try output.text(), errors: try errors.text(), seconds: seconds)
    }

    /// A worker thread of libdispatch, on which tests run, blocks signals, and a child inherits that.
    static func withoutBlockedSignals(_ body: () throws -> Void) throws {
        var none = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    /// A file for a command's output: a pipe would fill while nobody reads.
    final class Capture {
        let handle: FileHandle
        private let file: URL

        init(in folder: URL) throws {
            file = folder.appendingPathComponent(UUID().uuidString)
            try Data().write(to: file)
            handle = try FileHandle(forWritingTo: file)
        }

        deinit {
            try? handle.close()
            try? FileManager.default.removeItem(at: file)
        }

        func text() throws -> String { try String(contentsOf: file, encoding: .utf8) }
    }
}
