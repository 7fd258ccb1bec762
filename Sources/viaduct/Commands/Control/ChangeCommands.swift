// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control

/// `viaduct accelerate`
struct AccelerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accelerate", abstract: "Lets a vif be accelerated, or brings it back to the slow path.")

    @Argument(help: "The name of a vif.")
    var vif: String
    @Argument(help: "Whether it may be accelerated.")
    var wanted: OnOff
    @OptionGroup var options: ControlOptions

    func run() throws {
        var request = ControlRequest(.accelerate, vif: vif)
        request.wanted = wanted.isOn
        try options.order(request)
    }
}

/// `viaduct vif`
struct VifCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vif", abstract: "Adds, removes and changes vifs of a running daemon.",
        discussion: "What is done here is not written to the configuration file: the next reload undoes what that does not say.",
        subcommands: [Add.self, Remove.self, Set.self])

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Adds a vif with the keys of the configuration file.")

        @Argument(
            help: ArgumentHelp(
                "name=g0 mac=02:00:00:00:00:10 kind=vm socket=/run/viaduct/g0 …; addresses=[10.0.0.1,2001:db8::1], ingress.rate=1Gbit.",
                valueName: "key=value"))
        var keys: [KeyValue]
        @OptionGroup var options: ControlOptions

        func run() throws {
            var request = ControlRequest(.addVif)
            request.settings = KeyValue.tree(keys)
            try options.order(request)
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Disconnects a vif's guest and takes the vif away.")

        @Argument(help: "The name of a vif.")
        var vif: String
        @OptionGroup var options: ControlOptions

        func run() throws { try options.order(ControlRequest(.removeVif, vif: vif)) }
    }

    struct Set: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes keys of a vif; some changes make it anew, and its guest connects again.")

        @Argument(help: "The name of a vif.")
        var vif: String
        @Argument(
            help: ArgumentHelp("Keys as in vif add; a key without a value goes back to its default.", valueName: "key=value"))
        var keys: [KeyValue]
        @OptionGroup var options: ControlOptions

        func run() throws {
            var request = ControlRequest(.setVif, vif: vif)
            request.settings = KeyValue.tree(keys)
            try options.order(request)
        }
    }
}

/// `viaduct log-level`
struct LogLevelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level", abstract: "Shows or sets how much a daemon logs.")

    @Argument(help: "trace, debug, info, notice, warning, error or critical.")
    var level: String?
    @OptionGroup var options: ControlOptions

    func run() throws {
        var request = ControlRequest(.logLevel)
        request.level = level
        try options.ask(request) { (report: LogLevelReport) in report.level }
    }
}
