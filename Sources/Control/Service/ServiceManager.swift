// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The service manager that started this process, as far as it wants to be told how the process is: systemd, for a unit of `Type=notify`.
///
/// The protocol is that of sd_notify(3): datagrams to the socket that `NOTIFY_SOCKET` names. Where nobody asked, nothing is said. Telling
/// never blocks and never fails the process: what can't be sent is not. For one thread at a time.
public final class ServiceManager {
    public enum Message: Equatable {
        /// It serves; with a line for people.
        case ready(status: String)
        /// It reads its configuration again; `ready` comes behind that.
        case reloading
        case stopping
        /// What the watchdog waits for.
        case alive
    }

    /// Nanoseconds in which the manager wants to hear `alive` at least once; nil: it does not watch.
    public let watchdogNanoseconds: UInt64?
    /// -1: nobody wants to be told.
    private let descriptor: Int32

    /// - Parameters:
    ///   - environment: this process's; `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are read.
    ///   - processID: this process's.
    public init(environment: [String: String], processID: Int32) {
        descriptor = Self.connect(environment["NOTIFY_SOCKET"] ?? "")
        let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(processID)" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
        let isWatched = descriptor >= 0 && isMeant && (1...UInt64(Int64.max) / 1000).contains(microseconds)
        watchdogNanoseconds = isWatched ? microseconds * 1000 : nil
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    public func tell(_ message: Message) {
        guard descriptor >= 0 else { return }
        let bytes = Array(Self.text(message).utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    private static func text(_ message: Message) -> String {
        switch message {
        case .ready(let status): "READY=1\nSTATUS=\(status.split(whereSeparator: \.isNewline).joined(separator: " "))\n"
        case .reloading: "RELOADING=1\nMONOTONIC_USEC=\(DispatchTime.now().uptimeNanoseconds / 1000)\n"
        case .stopping: "STOPPING=1\n"
        case .alive: "WATCHDOG=1\n"
        }
    }

    /// A full path, or the name of an abstract socket behind `@`; other families are not Linux's own.
    private static func connect(_ name: String) -> Int32 {
        guard name.hasPrefix("/") || name.hasPrefix("@") && name.utf8.count > 1 else { return -1 }
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return -1 }
        guard SocketPath.connectSocket(descriptor, name) else {
            close(descriptor)
            return -1
        }
        return descriptor
    }
}
