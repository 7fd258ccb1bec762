// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// That a control socket is this process's alone, as long as this lives: by a file beside it, `PATH.lock`, under flock(2).
///
/// To be made before anything that two daemons could fight over.
public final class ControlSocketClaim: Sendable {
    public let settings: ControlSocketSettings
    private let descriptor: Int32

    /// - Throws: when another daemon, or anybody else, has the path. A socket that nobody serves is removed.
    public init(_ settings: ControlSocketSettings) throws(ControlFailure) {
        self.settings = settings
        let path = settings.path
        try SocketPath.makeFolder(ofSocket: path)
        let lock = "\(path).lock"
        descriptor = unsafe open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw ControlFailure(
                "\(lock) can't be opened: \(SocketPath.systemError()): choose another path for the control socket")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ControlFailure("\(path) is the control socket of another daemon: end that, or choose another path")
        }
        do throws(ControlFailure) {
            try SocketPath.prepare(path)
        } catch {
            close(descriptor)
            throw error
        }
    }

    // The file stays: one who removed it could not know whether another one waits at it.
    deinit { close(descriptor) }
}
