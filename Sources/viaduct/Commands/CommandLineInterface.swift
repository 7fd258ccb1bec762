// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser

/// `viaduct`, the root of all commands.
struct Viaduct: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "viaduct", abstract: "An accelerated network for guests, in userspace.",
        subcommands: [DemoCommand.self, NetfrontCommand.self])
}

/// Runs a command line and turns its end into an exit code.
enum CommandLineInterface {
    /// 0 when the command succeeded, 1 when it failed, 2 when it was not understood, 128 and the signal's number when a signal
    /// ended it.
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

    /// Says what is to be said about `error`, and gives its exit code.
    static func report(_ error: any Error) -> Int32 {
        switch error {
        case let failure as CommandFailure:
            Console.complaint(failure.description)
            return 1
        case let failure as HostError:
            Console.complaint(CommandFailure(failure.description).description)
            return 1
        case let interrupted as Interrupted: return interrupted.exitCode
        default: break
        }
        let code = Viaduct.exitCode(for: error)
        let message = Viaduct.fullMessage(for: error)
        if code == .success {
            Console.line(message)
            return 0
        }
        if code == .validationFailure {
            Console.notice(message)
            return 2
        }
        Console.complaint(CommandFailure("\(error)").description)
        return 1
    }
}
