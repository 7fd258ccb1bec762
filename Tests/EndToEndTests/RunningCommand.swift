// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A process that runs beside the test until it is told to end.
final class RunningCommand {
    private let process = Process()
    private let output: Command.Capture
    private let errors: Command.Capture
    private let ended = DispatchSemaphore(value: 0)

    init(_ words: [String], environment: [String: String], folder: URL) throws {
        output = try Command.Capture(in: folder)
        errors = try Command.Capture(in: folder)
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output.handle
        process.standardError = errors.handle
        let ended = ended
        process.terminationHandler = { _ in ended.signal() }
        try Command.withoutBlockedSignals { try process.run() }
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var isRunning: Bool { process.isRunning }
    var errorText: String { (try? errors.text()) ?? "" }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for its end, at most `limit` seconds.
    func end(limit: Double = 20) throws -> CommandResult {
        let start = DispatchTime.now()
        guard ended.wait(timeout: start + limit) == .success else {
            send(SIGKILL)
            throw CommandTimeout(description: "\(process.arguments ?? []): it did not end within \(limit) s\n\(errorText)")
        }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1e9
        return CommandResult(
            exitCode: process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus,
            output: try output.text(), errors: try errors.text(), seconds: seconds)
    }
}
