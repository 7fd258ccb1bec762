// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control
import Foundation

/// `viaduct top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Shows live what each vif of a daemon carries, and why one is not accelerated.",
        discussion: """
            While it runs, a key chooses the order: s traffic, t to the guest, f from it, d declines, x drops, p path, n name; r turns it \
            round. Arrows and page keys scroll, q quits. Where standard input or output is no terminal, it prints one sample.

            Rates are of frames by both paths, without preamble and check sequence. Declines are frames that an accelerated guest sent by \
            the slow path. What is not known is -.
            """)

    @Option(help: ArgumentHelp("Time between two samples, 0.1 to 3600.", valueName: "seconds"))
    var interval = 1.0
    @Option(help: ArgumentHelp("The order of the vifs.", valueName: "key"))
    var sort = TopOrder.traffic
    @Flag(help: "Print one sample, made of two reports that are an interval apart.")
    var once = false
    @OptionGroup var options: ControlOptions

    func validate() throws {
        guard (0.1...3600).contains(interval) else { throw ValidationError("--interval must be from 0.1 to 3600 seconds") }
    }

    func run() throws {
        if !once, !options.json, let terminal = Terminal() {
            var live = try LiveTop(terminal, socket: options.socket, interval: interval, order: sort)
            return try live.run()
        }
        Interruption.leaveToSystem()
        let first = try options.report()
        Thread.sleep(forTimeInterval: interval)
        var sample = TopSample(try options.report(), since: first)
        sample.vifs = sort.sorted(sample.vifs)
        if options.json { return Console.line(try sample.jsonLine()) }
        let text = TopText(sample, order: sort)
        Console.line((text.head + [text.header] + text.vifs).joined(separator: "\n"))
    }
}

extension ControlOptions {
    fileprivate func report() throws -> StatusReport { try ControlClient(path: socket).send(ControlRequest(.status)) }
}
