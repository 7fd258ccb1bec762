// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Foundation
import Logging

/// What a command says to the people, and programs, that started it.
enum Console {
    /// A line on standard output, at once.
    static func line(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    /// `viaduct: ` and the text, on standard error.
    static func complaint(_ text: String) {
        FileHandle.standardError.write(Data("viaduct: \(text)\n".utf8))
    }

    /// Text that is a whole message by itself, on standard error.
    static func notice(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Errors only, so that a command's own one-line error stands alone; everything when `isVerbose`.
    static func logger(isVerbose: Bool) -> Logger {
        LogLevelSwitch(isVerbose ? .debug : .critical).logger(label: "viaduct", to: LogWriter())
    }
}

extension Encodable {
    /// One line of JSON, keys in alphabetical order.
    func jsonLine() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
