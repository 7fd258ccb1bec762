// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

/// The JSON object that `viaduct demo --json` ends with.
struct DemoResult: Decodable {
    struct PerPath<Value: Decodable>: Decodable {
        let fast: Value
        let slow: Value
    }
    struct Refused: Decodable {
        let form: String
        let reason: String
    }
    struct Switch: Decodable {
        let to: String
        let millis: Double
        let stashed: Int
    }

    struct Flows: Decodable {
        let rules: Int
        let used: Int
        let share: Double?
        let oracle: Double?
        let ofOracle: Double?
        let seconds: Double
        let made: UInt64
        let removed: UInt64
        let changesPerSecond: Double
    }

    let rx: PerPath<UInt64>
    let tx: PerPath<UInt64>
    let lost: UInt64
    let reordered: UInt64
    let duplicated: UInt64
    let declined: [String: UInt64]
    let switches: [Switch]
    let mbufsInUse: Int
    let leakedMbufs: Int
    let form: String?
    let coverage: String?
    let refused: [Refused]
    /// Only where form E was in use.
    let flows: Flows?
    let gbps: PerPath<Double>
    let mpps: PerPath<Double>

    static let keys: Set<String> = [
        "rx", "tx", "lost", "reordered", "duplicated", "declined", "switches", "mbufsInUse", "leakedMbufs", "form", "coverage",
        "refused", "gbps", "mpps",
    ]

    /// Reads the last line of a run that went well.
    init(_ result: CommandResult, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(result.exitCode == 0, "\(result.errors)", sourceLocation: sourceLocation)
        #expect(result.errors == "", sourceLocation: sourceLocation)
        let line = try #require(result.outputLines.last, sourceLocation: sourceLocation)
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        #expect(object.map { Set($0.keys).subtracting(["flows"]) } == Self.keys, sourceLocation: sourceLocation)
        self = try JSONDecoder().decode(DemoResult.self, from: Data(line.utf8))
        #expect((form == "E") == (flows != nil), sourceLocation: sourceLocation)
    }

    /// What every run promises: nothing lost, re-ordered or duplicated, every buffer given back.
    func expectPromises(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(lost == 0, sourceLocation: sourceLocation)
        #expect(reordered == 0, sourceLocation: sourceLocation)
        #expect(duplicated == 0, sourceLocation: sourceLocation)
        #expect(mbufsInUse == 0 && leakedMbufs == 0, sourceLocation: sourceLocation)
    }

    /// Traffic went both ways on both paths, and acceleration went on, off and on again.
    func expectBothPaths(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(switches.map(\.to).starts(with: ["fast", "slow", "fast"]), "\(switches)", sourceLocation: sourceLocation)
        #expect(rx.fast > 0 && rx.slow > 0, sourceLocation: sourceLocation)
        #expect(tx.fast > 0 && tx.slow > 0, sourceLocation: sourceLocation)
        #expect(mpps.fast > 0 && mpps.slow > 0, sourceLocation: sourceLocation)
        #expect(gbps.fast > 0 && gbps.slow > 0, sourceLocation: sourceLocation)
    }
}
