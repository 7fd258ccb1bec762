// SPDX-License-Identifier: BSD-3-Clause
import Foundation

ProcessEnd.leave(CommandLineInterface.run(Array(CommandLine.arguments.dropFirst())))
