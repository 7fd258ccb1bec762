// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Ends the process when something does not end by itself: a hang must be seen by an exit code.
final class Watchdog {
    private let timer: any DispatchSourceTimer

    /// From now on, as long as it is kept.
    init(seconds: Double, complaint: String, exitCode: Int32) {
        let timer = DispatchSource.makeTimerSource(queue: .global())
        timer.schedule(deadline: .now() + seconds)
        timer.setEventHandler {
            Console.complaint(complaint)
            _exit(exitCode)
        }
        timer.resume()
        self.timer = timer
    }

    deinit { timer.cancel() }
}
