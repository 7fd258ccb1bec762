// SPDX-License-Identifier: BSD-3-Clause

/// Rows under a header, in columns.
struct TextTable: CustomStringConvertible {
    private var rows: [[String]]
    /// Columns of numbers, which end at the right.
    private let numbers: Set<Int>

    init(_ header: String..., numbers: Set<Int> = []) { self.init(header: header, numbers: numbers) }

    init(header: [String], numbers: Set<Int> = []) {
        rows = [header]
        self.numbers = numbers
    }

    mutating func add(_ row: String...) { rows.append(row) }
    mutating func add(row: [String]) { rows.append(row) }

    var description: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, text) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - text.count)
                line += numbers.contains(column) ? space + text : text + space
                line += "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
