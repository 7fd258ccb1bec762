// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A named network namespace, as `ip netns` keeps them (ip-netns(8)).
struct NetworkNamespace: Sendable, Equatable {
    let name: String

    private var path: String { "/run/netns/\(name)" }
    /// `CLONE_NEWNET` (linux/sched.h).
    private static let kind: Int32 = 0x4000_0000

    /// Runs `body` with the calling thread inside the namespace, and takes the thread back out. Sockets, and TAP devices, that it
    /// opens belong to the namespace for good; threads that it starts stay inside.
    ///
    /// - Throws: `HostError`, and what `body` throws.
    func run<Result>(_ body: () throws -> Result) throws -> Result {
        guard let setNamespace = GNULibrary.setNamespace else { throw HostError("this libc has no setns") }
        let home = unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        guard home >= 0 else { throw HostError("can't read the thread's network namespace: \(Self.reason)") }
        defer { close(home) }
        let there = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard there >= 0 else { throw HostError("no network namespace \(name): \(Self.reason)") }
        defer { close(there) }
        guard setNamespace(there, Self.kind) == 0 else {
            throw HostError("can't enter network namespace \(name): \(Self.reason); run as root")
        }
        defer {
            let isBack = setNamespace(home, Self.kind) == 0
            precondition(isBack, "a thread can return to the namespace that it came from")
        }
        return try body()
    }

    private static var reason: String { unsafe String(cString: strerror(errno)) }
}
