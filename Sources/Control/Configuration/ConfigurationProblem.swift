// SPDX-License-Identifier: BSD-3-Clause

/// One thing that is wrong with a configuration, and what to do about it.
public struct ConfigurationProblem: Sendable, Equatable {
    public let line: Int?
    /// Where: the keys from the top on, `vifs[0].mac`; empty for the file as a whole.
    public let path: String
    public let words: String

    public init(line: Int? = nil, path: String = "", _ words: String) {
        self.line = line
        self.path = path
        self.words = words
    }

    /// `FILE:line: path: words`, without what is not known.
    public func text(file: String?) -> String {
        let place = [file, line.map(String.init)].compactMap { $0 }.joined(separator: ":")
        return [place, path, words].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// Everything that is wrong with a configuration, in the order of its lines.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let file: String?
    public let problems: [ConfigurationProblem]

    public init(file: String?, _ problems: [ConfigurationProblem]) {
        self.file = file
        self.problems = problems.enumerated().sorted { a, b in
            (a.element.line ?? 0, a.offset) < (b.element.line ?? 0, b.offset)
        }.map(\.element)
    }

    /// A line for each problem.
    public var description: String { problems.map { $0.text(file: file) }.joined(separator: "\n") }
}
