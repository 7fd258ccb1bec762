// SPDX-License-Identifier: BSD-3-Clause

/// Why a command was not carried out: lines that each say what is wrong and what to do.
public struct ControlFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let lines: [String]

    /// Line breaks of foreign texts become spaces.
    public init(_ words: String) { lines = [words.split(whereSeparator: \.isNewline).joined(separator: " ")] }
    public init(_ error: ConfigurationError) { lines = error.problems.map { $0.text(file: error.file) } }
    init(lines: [String]) { self.lines = lines }

    public var description: String { lines.joined(separator: "\n") }
}
