// SPDX-License-Identifier: BSD-3-Clause
public import Foundation

/// A host as somebody wrote it down: what the doctor read there, and nothing else of it.
///
/// As JSON it is what `viaduct doctor --record` writes. What it does not hold was not there.
public final class RecordedHost: HostFiles, Codable {
    /// Of the format.
    public static let version = 1

    public var version = RecordedHost.version
    /// Whose host it is, and how it came to be written down.
    public var source: String
    /// Of DPDK, as it says itself.
    public var dpdk: String
    public var files: [String: String] = [:]
    /// The last component of each link's target.
    public var links: [String: String] = [:]
    public var folders: [String: [String]] = [:]
    public var states: [String: FileState] = [:]

    public init(source: String, dpdk: String) {
        self.source = source
        self.dpdk = dpdk
    }

    /// Reads what ``data`` made.
    public convenience init(_ data: Data) throws {
        let read: RecordedHost
        do { read = try JSONDecoder().decode(RecordedHost.self, from: data) } catch {
            throw RecordedHostError(words: "is no record of a host: \(Self.words(error))")
        }
        guard read.version == Self.version else {
            throw RecordedHostError(words: "has version \(read.version); this program reads \(Self.version)")
        }
        self.init(source: read.source, dpdk: read.dpdk)
        (files, links, folders, states) = (read.files, read.links, read.folders, read.states)
    }

    /// As JSON with its keys in order, for people and for diff.
    public var data: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return try encoder.encode(self) + Data("\n".utf8)
        }
    }

    public func text(_ path: String) -> String? { files[path] }
    public func names(in path: String) -> [String]? { folders[path] }
    public func target(_ path: String) -> String? { links[path] }
    public func state(_ path: String) -> FileState? { states[path] }

    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(context.codingPath.first?.stringValue ?? "it") is of another type"
        default: "it is not JSON"
        }
    }
}

public struct RecordedHostError: Error, CustomStringConvertible {
    let words: String
    public var description: String { words }
}
