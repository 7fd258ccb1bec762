// SPDX-License-Identifier: BSD-3-Clause

/// Configuration before it means anything: what a YAML file, or the JSON of a request, holds. Each node knows its line.
public struct ConfigurationTree: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        /// A key without a value.
        case nothing
        case text(String)
        case list([ConfigurationTree])
        /// In the order of the file; no key comes twice.
        case section([Entry])
    }

    public struct Entry: Sendable, Equatable {
        public let key: String
        public let line: Int?
        public let value: ConfigurationTree

        public init(_ key: String, line: Int? = nil, _ value: ConfigurationTree) {
            self.key = key
            self.line = line
            self.value = value
        }
    }

    public let value: Value
    /// From 1; nil for what is from no file.
    public let line: Int?

    public init(_ value: Value, line: Int? = nil) {
        self.value = value
        self.line = line
    }

    public static func text(_ text: String) -> ConfigurationTree { ConfigurationTree(.text(text)) }

    /// The keys of a section; empty for anything else.
    public var entries: [Entry] {
        if case .section(let entries) = value { entries } else { [] }
    }

    public subscript(key: String) -> ConfigurationTree? { entries.first { $0.key == key }?.value }

    /// This section with the keys of another one, key by key into nested sections. A key without a value takes the key out.
    public func merged(with changes: ConfigurationTree) -> ConfigurationTree { merged(with: changes, removes: true) }

    /// The same, but a key without a value stays as one.
    public func keeping(_ changes: ConfigurationTree) -> ConfigurationTree { merged(with: changes, removes: false) }

    private func merged(with changes: ConfigurationTree, removes: Bool) -> ConfigurationTree {
        guard case .section(var result) = value, case .section(let new) = changes.value else { return changes }
        for change in new {
            let place = result.firstIndex { $0.key == change.key }
            if removes && change.value.value == .nothing {
                if let place { result.remove(at: place) }
            } else if let place {
                result[place] = Entry(
                    change.key, line: change.line, result[place].value.merged(with: change.value, removes: removes))
            } else {
                result.append(change)
            }
        }
        return ConfigurationTree(.section(result), line: line)
    }
}

// As JSON, in requests: lines are lost, numbers and booleans become text.
extension ConfigurationTree: Codable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public init(from decoder: any Decoder) throws {
        if let section = try? decoder.container(keyedBy: Name.self) {
            let names = section.allKeys.sorted { $0.stringValue < $1.stringValue }
            self.init(
                .section(try names.map { Entry($0.stringValue, try section.decode(ConfigurationTree.self, forKey: $0)) }))
            return
        }
        if var list = try? decoder.unkeyedContainer() {
            var items: [ConfigurationTree] = []
            while !list.isAtEnd { items.append(try list.decode(ConfigurationTree.self)) }
            self.init(.list(items))
            return
        }
        let single = try decoder.singleValueContainer()
        if single.decodeNil() {
            self.init(.nothing)
        } else if let flag = try? single.decode(Bool.self) {
            self.init(.text(flag ? "true" : "false"))
        } else if let number = try? single.decode(Int64.self) {
            self.init(.text(String(number)))
        } else if let number = try? single.decode(Double.self) {
            self.init(.text(String(number)))
        } else {
            self.init(.text(try single.decode(String.self)))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch value {
        case .nothing:
            var single = encoder.singleValueContainer()
            try single.encodeNil()
        case .text(let text):
            var single = encoder.singleValueContainer()
            try single.encode(text)
        case .list(let items):
            var list = encoder.unkeyedContainer()
            for item in items { try list.encode(item) }
        case .section(let entries):
            var section = encoder.container(keyedBy: Name.self)
            for entry in entries { try section.encode(entry.value, forKey: Name(stringValue: entry.key)) }
        }
    }
}
