// SPDX-License-Identifier: BSD-3-Clause

/// Why a command ends with exit code 1: one line that says what is wrong and what to do.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    /// Line breaks of foreign texts become spaces.
    init(_ description: String) {
        self.description = description.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// A signal asked the command to end, and it did, in order.
struct Interrupted: Error, Equatable {
    let signal: Int32
    /// As a shell would give it.
    var exitCode: Int32 { 128 + signal }
}
