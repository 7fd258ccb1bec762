// SPDX-License-Identifier: BSD-3-Clause

/// The keys of one kind of section, as they are spelled in the file.
protocol ConfigurationKey: RawRepresentable, CaseIterable, Sendable where RawValue == String {}

/// Collects what is wrong while a tree is read.
final class ProblemList {
    private(set) var problems: [ConfigurationProblem] = []

    func add(_ words: String, line: Int?, path: String) {
        problems.append(ConfigurationProblem(line: line, path: path, words))
    }
}

/// Reads one section, key by key. What can't be read is a problem, and nil.
///
/// Only keys of `Key` can be asked for, so that what is read and what is known are the same.
struct SectionReader<Key: ConfigurationKey> {
    let tree: ConfigurationTree
    let path: String
    let line: Int?
    let list: ProblemList

    /// Complains about keys that are not known, and about a tree that is no section.
    init(_ tree: ConfigurationTree, line: Int?, path: String, _ list: ProblemList) {
        self.tree = tree
        self.path = path
        self.line = line ?? tree.line
        self.list = list
        guard case .section(let entries) = tree.value else {
            if tree.value != .nothing {
                list.add("must be keys with values: put \(Self.names) below it", line: self.line, path: path)
            }
            return
        }
        let known = Key.allCases.map(\.rawValue)
        for entry in entries where !known.contains(entry.key) {
            let nearest = NearestWord.of(entry.key, among: known)
            let advice = nearest.map { "did you mean \($0)?" } ?? "known here are \(Self.names)"
            list.add("there is no such key: \(advice)", line: entry.line, path: Self.join(path, entry.key))
        }
    }

    private static var names: String { Key.allCases.map(\.rawValue).joined(separator: ", ") }
    private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func path(_ key: Key) -> String { Self.join(path, key.rawValue) }
    func line(_ key: Key) -> Int? { tree.entries.first { $0.key == key.rawValue }?.line ?? line }
    func complain(_ key: Key, _ words: String) { list.add(words, line: line(key), path: path(key)) }
    func complain(_ words: String) { list.add(words, line: line, path: path) }

    /// The tree below a key; nil without, and for a key without a value, which is a problem.
    func subtree(_ key: Key) -> ConfigurationTree? {
        guard let found = tree[key.rawValue] else { return nil }
        guard found.value != .nothing else {
            complain(key, "has no value: give it one, or leave the key out")
            return nil
        }
        return found
    }

    func has(_ key: Key) -> Bool { tree[key.rawValue] != nil }

    func section<Inner: ConfigurationKey>(_ key: Key, _ kind: Inner.Type) -> SectionReader<Inner>? {
        subtree(key).map { SectionReader<Inner>($0, line: line(key), path: path(key), list) }
    }

    // MARK: Values

    func text(_ key: Key) -> String? {
        guard let found = subtree(key) else { return nil }
        guard case .text(let text) = found.value else {
            complain(key, "must be one value, not a list or keys")
            return nil
        }
        return text
    }

    /// What `parse` makes of the text; `wanted` says what it should be.
    func value<Result>(_ key: Key, _ wanted: String, _ parse: (String) -> Result?) -> Result? {
        guard let text = text(key) else { return nil }
        guard let result = parse(text) else {
            complain(key, "\"\(Self.short(text))\" is not \(wanted)")
            return nil
        }
        return result
    }

    func integer<Number: FixedWidthInteger>(_ key: Key, _ range: ClosedRange<Number>, unit: String = "") -> Number? {
        let words = "a whole number\(unit.isEmpty ? "" : " of \(unit)") from \(range.lowerBound) to \(range.upperBound)"
        return value(key, words) { text in Number(text).flatMap { range.contains($0) ? $0 : nil } }
    }

    func flag(_ key: Key) -> Bool? {
        value(key, "true or false") { text in
            switch text {
            case "true", "yes", "on": true
            case "false", "no", "off": false
            default: nil
            }
        }
    }

    /// One of the words.
    func word<Word: RawRepresentable & CaseIterable>(_ key: Key, _: Word.Type) -> Word? where Word.RawValue == String {
        value(key, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))", Word.init(rawValue:))
    }

    /// The items of a list, each with its path; one value is a list of one.
    func items(_ key: Key) -> [(tree: ConfigurationTree, path: String)]? {
        guard let found = subtree(key) else { return nil }
        switch found.value {
        case .list(let items): return items.enumerated().map { ($1, "\(path(key))[\($0)]") }
        case .text: return [(found, path(key))]
        case .nothing, .section:
            complain(key, "must be a list")
            return nil
        }
    }

    func values<Result>(_ key: Key, _ wanted: String, _ parse: (String) -> Result?) -> [Result]? {
        guard let items = items(key) else { return nil }
        return items.compactMap { item in
            guard case .text(let text) = item.tree.value, let result = parse(text) else {
                var shown = ""
                if case .text(let text) = item.tree.value { shown = "\"\(Self.short(text))\" " }
                list.add("\(shown)is not \(wanted)", line: item.tree.line ?? line(key), path: item.path)
                return nil
            }
            return result
        }
    }

    private static func short(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 60 ? "\(line.prefix(60))…" : line
    }
}
