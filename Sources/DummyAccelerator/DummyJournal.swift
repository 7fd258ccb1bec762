// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Prints one line for each hook, the first time that it is called.
///
/// Control plane only. Shared by both halves, and by all devices and vifs.
final class DummyJournal: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `printed` is guarded by the lock; the calls are atomic.
    let calls = DummyCalls.make()
    private let sink: @Sendable (String) -> Void
    private let lock = NSLock()
    private var printed: Set<DummyHook> = []

    init(sink: @escaping @Sendable (String) -> Void) { self.sink = sink }

    deinit { calls.free() }

    /// A hook of the control plane was called: counted, and printed at once if that is news.
    func called(_ hook: DummyHook) {
        calls.count(hook)
        report()
    }

    /// Prints the hooks that were called, hot ones included, and not printed yet.
    func report() {
        // The sink is somebody else's code: it runs without the lock.
        let news = lock.withLock {
            let news = DummyHook.allCases.filter { calls[$0] > 0 && !printed.contains($0) }
            printed.formUnion(news)
            return news
        }
        for hook in news { sink("dummy \(hook.name)") }
    }
}
