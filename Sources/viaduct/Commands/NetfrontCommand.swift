// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser

/// `viaduct netfront`
struct NetfrontCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "netfront", abstract: "Runs one guest with an application, on a host of its own over any DPDK virtual port.",
        subcommands: [EchoCommand.self, SwapCommand.self, SinkCommand.self, SourceCommand.self, TapCommand.self])
}
