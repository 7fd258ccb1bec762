// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control

/// `viaduct`, the root of all commands.
struct Viaduct: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "viaduct", abstract: "An accelerated network for guests, in userspace.",
        subcommands: [
            DemoCommand.self, NetfrontCommand.self, NetbackCommand.self, StatusCommand.self, TopCommand.self,
            ExplainCommand.self, AccelerateCommand.self, VifCommand.self, FDBCommand.self, FlowsCommand.self,
            SwitchesCommand.self, LogLevelCommand.self, DoctorCommand.self,
        ])
}

/// Runs a command line and turns its end into an exit code.
enum CommandLineInterface {
    /// 0 when the command succeeded, 1 when it failed, 2 when it was not understood, 128 and the signal's number when a signal
    /// ended it; what else a command's own help says.
    static func run(_ arguments: [String]) -> Int32 {
        do {
            var command = try Viaduct.parseAsRoot(arguments)
            Interruption.watch()
            try command.run()
            return 0
        } catch {
            return report(error)
        }
    }

    /// 0 for help, 2 for a command line that was not understood.
    static func exitCode(for error: any Error) -> Int32 {
        if let interrupted = error as? Interrupted { return interrupted.exitCode }
        if let said = error as? ExitCode { return said.rawValue }
        if error is CommandFailure || error is HostError { return 1 }
        switch Viaduct.exitCode(for: error) {
        case .success: return 0
        case .validationFailure: return 2
        default: return 1
        }
    }

    /// Says what is to be said about `error`, and gives its exit code.
    private static func report(_ error: any Error) -> Int32 {
        let code = exitCode(for: error)
        switch code {
        case 0: Console.line(Viaduct.fullMessage(for: error))
        case 1: complain(error)
        case 2: Console.notice(Viaduct.fullMessage(for: error))
        default: break
        }
        return code
    }

    /// A line for each thing that is wrong.
    private static func complain(_ error: any Error) {
        switch error {
        // Each says in which file it is.
        case let error as ConfigurationError: Console.notice(error.description)
        case let failure as ControlFailure: for line in failure.lines { Console.complaint(line) }
        default: Console.complaint(CommandFailure("\(error)").description)
        }
    }
}
