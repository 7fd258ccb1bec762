// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Synchronization

/// How the command's process ends.
enum ProcessEnd {
    private static let isAttached = Atomic<Bool>(false)

    /// From now on this is a secondary process of an EAL. What libraries do at exit, drivers' removal above all, would reach into the
    /// host's devices: the process ends without.
    static func becomeAttached() { isAttached.store(true, ordering: .relaxed) }

    static func leave(_ code: Int32) -> Never {
        if isAttached.load(ordering: .relaxed) { _exit(code) }
        exit(code)
    }
}
