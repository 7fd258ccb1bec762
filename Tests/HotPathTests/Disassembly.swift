// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The functions of a binary, from the output of `objdump -t -d --no-show-raw-insn`.
///
/// A function's instructions are read when they are asked for: a binary has a few hundred thousand of them, the hot functions a
/// few thousand.
struct Disassembly {
    private struct Function {
        let name: String
        let lines: Range<Int>
    }

    /// Start of every line.
    private let text: String
    private let lines: [Range<String.Index>]
    private var functions: [UInt64: Function] = [:]
    /// Every name, also those that share an address with another.
    private(set) var addresses: [String: UInt64] = [:]
    /// Bytes of the functions that the symbol table knows. A function behind one, without a name, is not part of it.
    private var sizes: [UInt64: UInt64] = [:]

    init(_ text: String) {
        self.text = text
        lines = Self.split(text)
        var current: (address: UInt64, name: String, first: Int)?
        func close(at end: Int, into functions: inout [UInt64: Function]) {
            if let current { functions[current.address] = Function(name: current.name, lines: current.first..<end) }
        }
        for (number, range) in lines.enumerated() {
            // Lines of instructions begin with a space.
            guard let first = text.utf8[range].first, first != UInt8(ascii: " ") else { continue }
            let line = text[range]
            if let (address, name) = Self.header(line) {
                close(at: number, into: &functions)
                current = (address, name, number + 1)
                addresses[name] = address
            } else if let (address, size, name) = Self.symbol(line) {
                if addresses[name] == nil { addresses[name] = address }
                sizes[address] = max(sizes[address] ?? 0, size)
            }
        }
        close(at: lines.count, into: &functions)
    }

    /// What `objdump` says of the executable at `path`.
    static func ofBinary(_ path: String) throws -> Disassembly {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["objdump", "-t", "-d", "--no-show-raw-insn", path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw DisassemblyError(path: path, status: process.terminationStatus) }
        return Disassembly(String(decoding: data, as: UTF8.self))
    }

    func name(at address: UInt64) -> String? { functions[address]?.name }

    /// The instructions of the function that begins at `address`, without the filler behind the last one.
    func instructions(at address: UInt64) -> [Instruction] {
        guard let function = functions[address] else { return [] }
        var instructions = lines[function.lines].compactMap { Instruction(line: text[$0]) }
        // Assembly may leave the size out.
        if let size = sizes[address], size > 0 {
            instructions.removeAll { $0.address >= address + size }
        }
        while instructions.last?.kind == .padding { instructions.removeLast() }
        return instructions
    }

    private static func split(_ text: String) -> [Range<String.Index>] {
        var lines: [Range<String.Index>] = []
        var rest = text.startIndex
        while rest < text.endIndex {
            let end = text.utf8[rest...].firstIndex(of: UInt8(ascii: "\n")) ?? text.endIndex
            if rest < end { lines.append(rest..<end) }
            rest = end < text.endIndex ? text.utf8.index(after: end) : end
        }
        return lines
    }

    /// `0000000000001234 <name>:`
    private static func header(_ line: Substring) -> (UInt64, String)? {
        guard line.hasSuffix(">:"), let space = line.firstIndex(of: " "), let address = UInt64(line[..<space], radix: 16)
        else { return nil }
        return (address, String(line[space...].dropFirst(2).dropLast(2)))
    }

    /// `0000000000001234 g     F .text\t0000000000000056 .protected name`: a function of the symbol table.
    private static func symbol(_ line: Substring) -> (address: UInt64, size: UInt64, name: String)? {
        guard let tab = line.firstIndex(of: "\t"), line[..<tab].hasSuffix("F .text"),
            let space = line.firstIndex(of: " "), let address = UInt64(line[..<space], radix: 16),
            let name = line[tab...].split(separator: " ").last,
            let size = UInt64(line[tab...].dropFirst().prefix { $0 != " " }, radix: 16)
        else { return nil }
        return (address, size, String(name))
    }
}

struct DisassemblyError: Error, CustomStringConvertible {
    let path: String
    let status: Int32
    var description: String { "objdump of \(path) ended with status \(status)" }
}
