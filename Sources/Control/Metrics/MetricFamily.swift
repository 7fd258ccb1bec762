// SPDX-License-Identifier: BSD-3-Clause

/// Samples of one name, as Prometheus reads them (text exposition format 0.0.4).
struct MetricFamily {
    enum Kind: String {
        case gauge, counter, histogram
    }

    let name: String
    let kind: Kind
    let help: String
    /// A histogram's samples have a word behind the family's name.
    private(set) var samples: [(suffix: String, labels: [(String, String)], value: Double)] = []

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    mutating func add(_ value: Double, _ labels: (String, String)...) { samples.append(("", labels, value)) }
    mutating func add(_ value: UInt64, _ labels: (String, String)...) { samples.append(("", labels, Double(value))) }
    mutating func add(_ value: Bool, _ labels: (String, String)...) { samples.append(("", labels, value ? 1 : 0)) }

    /// All samples of a histogram with these labels.
    mutating func add(_ durations: VifReport.Durations, _ labels: (String, String)...) {
        for bucket in durations.buckets {
            let limit = bucket.limitSeconds.map(Self.number) ?? "+Inf"
            samples.append(("_bucket", labels + [("le", limit)], Double(bucket.count)))
        }
        samples.append(("_sum", labels, durations.seconds))
        samples.append(("_count", labels, Double(durations.count)))
    }

    /// Empty without a sample.
    var text: String {
        guard !samples.isEmpty else { return "" }
        var lines = ["# HELP \(name) \(Self.escaped(help, quotes: false))", "# TYPE \(name) \(kind.rawValue)"]
        for sample in samples {
            let labels = sample.labels.map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }.joined(separator: ",")
            lines.append("\(name)\(sample.suffix)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(sample.value))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    /// Whole numbers without a fraction, as long as a double holds them.
    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }
}
