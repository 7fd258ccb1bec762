// SPDX-License-Identifier: BSD-3-Clause
import Foundation

exit(CommandLineInterface.run(Array(CommandLine.arguments.dropFirst())))
