// SPDX-License-Identifier: BSD-3-Clause
import Control
import Foundation

/// The live view of `viaduct top`, until a key or a signal ends it.
struct LiveTop {
    private let terminal: Terminal
    private let sampler: StatusSampler
    private var view: TopView
    private var keys = TerminalKeyReader()
    private var last: StatusReport?
    private var sample: TopSample?
    private var trouble: String?

    init(_ terminal: Terminal, socket: String, interval: Double, order: TopOrder) throws(CommandFailure) {
        self.terminal = terminal
        sampler = try StatusSampler(socket: socket, interval: interval)
        view = TopView(order: order)
    }

    mutating func run() throws {
        defer { terminal.leave() }
        try terminal.enter()
        while true {
            let size = terminal.size
            try terminal.show(view.screen(sample, trouble: trouble, width: size.width, height: size.height))
            // A signal that came just before the wait does not end it: so it is short.
            guard let typed = terminal.wait(milliseconds: 500, beside: sampler.bell) else { return }
            try Interruption.check()
            if let answer = sampler.take() { note(answer) }
            for key in keys.read(typed) {
                switch view.press(key) {
                case .nothing: break
                case .quit: return
                case .interrupt: throw Interrupted(signal: SIGINT)
                case .suspend: try suspend()
                }
            }
        }
    }

    private mutating func note(_ answer: StatusSampler.Answer) {
        switch answer {
        case .report(let report):
            sample = TopSample(report, since: last)
            last = report
            trouble = nil
        case .trouble(let words): trouble = words
        }
    }

    /// Gives the shell its terminal until the job is continued.
    private func suspend() throws {
        terminal.leave()
        kill(0, SIGTSTP)
        try terminal.enter()
    }
}
