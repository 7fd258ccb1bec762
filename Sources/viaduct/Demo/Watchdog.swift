// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Ends the process when a run does not end by itself: a hang must be seen by an exit code.
final class Watchdog {
    /// Not one that a run ends with otherwise.
    static let exitCode: Int32 = 3

    private let timer: any DispatchSourceTimer

    init(seconds: Double, _ what: String) {
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + seconds)
        timer.setEventHandler {
            Console.complaint("\(what) did not end within \(Int(seconds)) s: please report it")
            _exit(Self.exitCode)
        }
        timer.resume()
        self.timer = timer
    }

    deinit { timer.cancel() }
}
