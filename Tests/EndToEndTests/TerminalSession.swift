// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// A shell in a terminal of its own, by tmux: what is typed there, and what is on its screen.
final class TerminalSession {
    static let prompt = "READY>"
    private let folder: URL
    private let socket: String
    /// In the foreground: one that detached itself would keep the test waiting for its client's end.
    private let server: RunningCommand

    init(in folder: URL, width: Int, height: Int) throws {
        self.folder = folder
        socket = folder.appendingPathComponent("tmux").path
        server = try RunningCommand(
            ["tmux", "-S", socket, "-f", "/dev/null", "-D"], environment: ProcessInfo.processInfo.environment, folder: folder)
        for _ in 0..<100 where !FileManager.default.fileExists(atPath: socket) { Thread.sleep(forTimeInterval: 0.05) }
        let shell = "env PS1='\(Self.prompt) ' HISTFILE= bash --norc --noprofile"
        try tmux("new-session", "-d", "-s", "test", "-x", "\(width)", "-y", "\(height)", shell)
        #expect(shows { $0.last { !$0.isEmpty } == Self.prompt })
    }

    deinit {
        server.send(SIGTERM)
        _ = try? server.end()
    }

    @discardableResult
    private func tmux(_ words: String...) throws -> String {
        let result = try Command(["tmux", "-u", "-S", socket] + words, folder: folder).run(limit: 20)
        try #require(result.exitCode == 0, "tmux \(words): \(result.errors)")
        return result.output
    }

    /// Keys by tmux's names: `q`, `Up`, `C-c`.
    func press(_ keys: String...) throws { for key in keys { try tmux("send-keys", "-t", "test", key) } }

    /// A line for the shell.
    func type(_ line: String) throws {
        try tmux("send-keys", "-t", "test", "-l", line)
        try press("Enter")
    }

    func resize(width: Int, height: Int) throws {
        try tmux("resize-window", "-t", "test", "-x", "\(width)", "-y", "\(height)")
    }

    /// Its lines, without the space at their ends.
    func screen() throws -> [String] {
        try tmux("capture-pane", "-p", "-t", "test").split(separator: "\n", omittingEmptySubsequences: false).map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Whether the screen becomes as it should within 15 seconds; it is shown when it does not.
    func shows(_ condition: ([String]) throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        for _ in 0..<150 {
            if let screen = try? screen(), (try? condition(screen)) == true { return true }
            Thread.sleep(forTimeInterval: 0.1)
        }
        Issue.record("\(((try? screen()) ?? []).joined(separator: "\n"))", sourceLocation: sourceLocation)
        return false
    }

    /// The process that the shell waits for.
    func child() throws -> Int32 {
        let shell = try tmux("display-message", "-p", "-t", "test", "#{pane_pid}").trimmingCharacters(in: .newlines)
        let children = try String(contentsOfFile: "/proc/\(shell)/task/\(shell)/children", encoding: .utf8)
        return try #require(children.split(separator: " ").first.flatMap { Int32($0) })
    }
}
