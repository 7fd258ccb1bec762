// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A program that this process started, with its output in a file. Ended, at the latest, with this object.
final class ChildProcess {
    let identifier: pid_t
    private let outputPath: String
    private var exitCode: Int32?

    /// Starts `arguments[0]`, looked up in `PATH`, in a process group of its own, so that a Ctrl-C at the terminal is left to this
    /// process. It inherits no file but its output.
    init(_ arguments: [String], output: String) throws(HostError) {
        outputPath = output
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        if let closeFrom = unsafe GNULibrary.closeFrom { _ = unsafe closeFrom(&actions, 3) }
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var pointers = unsafe arguments.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { for index in unsafe pointers.indices { unsafe free(pointers[index]) } }
        var started: pid_t = 0
        let result = unsafe posix_spawnp(&started, arguments[0], &actions, &attributes, pointers, environ)
        guard result == 0 else {
            throw HostError("can't start \(arguments[0]): \(unsafe String(cString: strerror(result))); is it installed?")
        }
        identifier = started
    }

    /// The exit code, 128 and the signal's number for a killed program; nil while it runs.
    func poll() -> Int32? {
        if exitCode != nil { return exitCode }
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, WNOHANG) == identifier else { return nil }
        let signal = status & 0x7F
        exitCode = signal == 0 ? status >> 8 & 0xFF : 128 + signal
        return exitCode
    }

    /// Waits for its end, at most so long; nil when it still runs.
    func wait(seconds: Double) -> Int32? {
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(seconds * 1e9)
        while true {
            if let code = poll() { return code }
            if DispatchTime.now().uptimeNanoseconds >= end { return nil }
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    /// Asks it to end, as Ctrl-C would; kills it when it does not within two seconds.
    func interrupt() {
        guard poll() == nil else { return }
        kill(identifier, SIGINT)
        if wait(seconds: 2) == nil { end() }
    }

    /// Kills it, if it still runs, and waits until it is gone.
    func end() {
        guard poll() == nil else { return }
        kill(identifier, SIGKILL)
        while poll() == nil { Thread.sleep(forTimeInterval: 0.002) }
    }

    /// Everything it wrote so far.
    var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

    deinit { end() }

    /// Runs a program to its end; its output.
    @discardableResult
    static func run(_ arguments: [String], folder: String) throws(HostError) -> String {
        let child = try ChildProcess(arguments, output: "\(folder)/output")
        guard let code = child.wait(seconds: 20) else {
            throw HostError("\(arguments.joined(separator: " ")) does not end")
        }
        let text = child.output
        guard code == 0 else { throw HostError("\(arguments.joined(separator: " ")): \(text)") }
        return text
    }
}
