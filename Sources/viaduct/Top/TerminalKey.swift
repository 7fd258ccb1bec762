// SPDX-License-Identifier: BSD-3-Clause

/// A key of a terminal.
enum TerminalKey: Equatable, Sendable {
    case character(Character)
    /// With Ctrl, as a capital letter.
    case control(Character)
    case up, down, pageUp, pageDown, home, end
}

/// Makes keys of what a terminal sends (ECMA-48, and what xterm made of it), which may come in pieces.
struct TerminalKeyReader {
    /// Longer sequences are no key's.
    private static let longest = 16
    /// The beginning of a sequence whose end is still to come.
    private var begun: [UInt8] = []

    /// Unknown sequences, and bytes that are no ASCII, are left out.
    mutating func read(_ bytes: some Sequence<UInt8>) -> [TerminalKey] {
        bytes.compactMap { next($0) }
    }

    private mutating func next(_ byte: UInt8) -> TerminalKey? {
        // Within a sequence an escape begins another one.
        if byte == 0x1B {
            begun = [byte]
            return nil
        }
        if begun.isEmpty {
            switch byte {
            case 0x01...0x1A: return .control(Character(Unicode.Scalar(byte + 0x40)))
            case 0x20..<0x7F: return .character(Character(Unicode.Scalar(byte)))
            default: return nil
            }
        }
        begun.append(byte)
        // ESC [ parameters final, or ESC O final; ESC and anything else is that key with Alt.
        let isOpen = begun.count == 2 ? byte == UInt8(ascii: "[") || byte == UInt8(ascii: "O") : !(0x40..<0x7F).contains(byte)
        if isOpen && begun.count < Self.longest { return nil }
        defer { begun = [] }
        return switch String(decoding: begun.dropFirst(2), as: UTF8.self) {
        case "A": .up
        case "B": .down
        case "H", "1~", "7~": .home
        case "F", "4~", "8~": .end
        case "5~": .pageUp
        case "6~": .pageDown
        default: nil
        }
    }
}
