// SPDX-License-Identifier: BSD-3-Clause

/// An answer to a telemetry command, as the telemetry library can carry it: two levels, texts and counts.
public struct TelemetryObject: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case text(String)
        case number(UInt64)
        case list([String])
        case object([String: UInt64])
    }

    public struct Entry: Sendable, Equatable {
        public let name: String
        public let value: Value
    }

    /// In the order in which they were set.
    public private(set) var entries: [Entry] = []

    public init() {}

    /// nil takes the entry out. A name has letters, digits and _.
    public subscript(name: String) -> Value? {
        get { entries.first { $0.name == name }?.value }
        set {
            let place = entries.firstIndex { $0.name == name }
            if let place { entries.remove(at: place) }
            if let newValue { entries.insert(Entry(name: name, value: newValue), at: place ?? entries.endIndex) }
        }
    }

    // MARK: What fits

    /// Bytes of JSON that an answer has at most; the library cuts at 16384 without a word.
    public static let maximumBytes = 15_000
    /// Bytes of a text; the library's 128 hold a terminator.
    static let maximumTextBytes = 127
    /// Fewer than the library's 256 and 512.
    static let maximumEntries = 250
    static let maximumItems = 500

    /// What fits of it: texts are cut at 127 bytes; of lists and objects the first items stay, and an entry NAMEOmitted counts the others.
    /// Where nothing is left for an entry, it and those behind it are not there.
    public var fitted: TelemetryObject {
        var result = TelemetryObject()
        var left = Self.maximumBytes
        for entry in entries.prefix(Self.maximumEntries) {
            // The name, its marks, and the entry that counts what is left out.
            left -= 2 * entry.name.utf8.count + 48
            if left <= 0 { break }
            var omitted = 0
            switch entry.value {
            case .number: result[entry.name] = entry.value
            case .text(let text):
                let kept = Self.cut(text)
                left -= Self.bytes(kept)
                if left > 0 { result[entry.name] = .text(kept) }
            case .list(let items):
                let all = items.map(Self.cut)
                let kept = all.prefix(Self.maximumItems).prefix { item in
                    left -= Self.bytes(item)
                    return left > 0
                }
                omitted = items.count - kept.count
                result[entry.name] = .list(Array(kept))
            case .object(let counts):
                let kept = counts.sorted { $0.key < $1.key }.prefix(Self.maximumEntries).prefix { count in
                    left -= count.key.utf8.count + 26
                    return left > 0
                }
                omitted = counts.count - kept.count
                result[entry.name] = .object(Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) }))
            }
            if omitted > 0 { result["\(entry.name)Omitted"] = .number(UInt64(omitted)) }
        }
        return result
    }

    private static func cut(_ text: String) -> String {
        var kept = text
        while kept.utf8.count > maximumTextBytes { kept.removeLast() }
        return kept
    }

    /// Of a text in JSON, with its quotes and a comma; what is escaped has six at most.
    private static func bytes(_ text: String) -> Int {
        text.utf8.reduce(4) { $0 + ($1 < 0x20 || $1 == 0x22 || $1 == 0x5C ? 6 : 1) }
    }
}
