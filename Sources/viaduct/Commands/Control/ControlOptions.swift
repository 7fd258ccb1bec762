// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control

/// Which daemon is asked, and how the answer looks.
struct ControlOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's control socket.", valueName: "path"))
    var socket = ControlSocketSettings.defaultPath
    @Flag(help: "Print the answer as one JSON object.")
    var json = false

    /// Asks, and prints the answer: as JSON, or what `text` makes of it.
    func ask<Result: Codable & Sendable>(_ request: ControlRequest, text: (Result) -> String) throws {
        Interruption.leaveToSystem()
        let result: Result = try ControlClient(path: socket).send(request)
        Console.line(json ? try result.jsonLine() : text(result))
    }

    func order(_ request: ControlRequest) throws { try ask(request) { (done: ControlDone) in done.message } }
}
