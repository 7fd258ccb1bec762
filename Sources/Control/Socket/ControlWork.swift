// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import NIOPosix

/// Who carries out requests: threads for questions, and one for changes, so that a change that takes seconds keeps no question waiting.
final class ControlWork: Sendable {
    private let questions = NIOThreadPool(numberOfThreads: 4)
    private let changes = DispatchQueue(label: "control-changes")

    init() { questions.start() }

    /// - Parameter done: called with the reply, on one of the threads; not at all after ``stop()``.
    func carryOut(_ line: [UInt8], _ service: ControlService, _ done: @escaping @Sendable ([UInt8]) -> Void) {
        let changes = changes
        questions.submit { state in
            guard case .active = state else { return }
            switch service.begin(line) {
            case .answered(let reply): done(reply)
            case .change(let request): changes.async { done(service.finish(request)) }
            }
        }
    }

    /// When this returns, nothing is under way.
    func stop() {
        try? questions.syncShutdownGracefully()
        changes.sync {}
    }
}
