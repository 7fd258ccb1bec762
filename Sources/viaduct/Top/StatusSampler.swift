// SPDX-License-Identifier: BSD-3-Clause
import Control
import DPDK
import Foundation

/// Asks a daemon for its status again and again, on a thread of its own: a daemon that does not answer must not hold up a key.
final class StatusSampler: Sendable {
    enum Answer: Sendable {
        case report(StatusReport)
        /// Why there was none.
        case trouble(String)
    }

    /// Seconds that the daemon may take with each part of an answer.
    private static let patience = 5
    /// Seconds until the second question, so that the first rates are soon there.
    private static let firstInterval = 0.5

    private let newest = Lock<Answer?>(nil)
    /// Can be read when there is an answer.
    let bell: Int32
    private let rope: Int32

    /// Starts at once; asks until the process ends.
    init(socket: String, interval: Double) throws(CommandFailure) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw CommandFailure("can't make a pair of sockets: error \(errno)")
        }
        (bell, rope) = (ends[0], ends[1])
        Thread.detachNewThread { [self] in
            // Signals are for the thread that waits for keys.
            var all = sigset_t()
            unsafe sigfillset(&all)
            unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
            var wait = min(interval, Self.firstInterval)
            while true {
                let began = DispatchTime.now().uptimeNanoseconds
                ask(socket)
                let taken = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
                Thread.sleep(forTimeInterval: max(0.02, wait - taken))
                wait = interval
            }
        }
    }

    /// The answer that came since the last look.
    func take() -> Answer? {
        newest.withLock { answer in
            defer { answer = nil }
            return answer
        }
    }

    private func ask(_ socket: String) {
        let answer: Answer
        do throws(ControlFailure) {
            answer = .report(try ControlClient(path: socket, seconds: Self.patience).send(ControlRequest(.status)))
        } catch {
            answer = .trouble(error.lines.joined(separator: "; "))
        }
        newest.withLock { $0 = answer }
        var byte: UInt8 = 1
        // A full buffer rings already.
        unsafe _ = write(rope, &byte, 1)
    }
}
