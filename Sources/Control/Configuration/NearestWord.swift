// SPDX-License-Identifier: BSD-3-Clause

/// Finds the word that somebody meant.
enum NearestWord {
    /// Bytes of a word that are looked at: no known one is longer.
    private static let limit = 64

    /// The nearest of `known` that is near enough to be meant.
    static func of(_ word: String, among known: [String]) -> String? {
        guard word.utf8.count <= limit else { return nil }
        let ranked = known.map { (word: $0, distance: distance(word.lowercased(), $0)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= max(2, best.word.utf8.count / 3) ? best.word : nil
    }

    /// Bytes to insert, remove, replace or swap with their neighbour (optimal string alignment).
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
        var rows = Array(repeating: Array(repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { rows[i][0] = i }
        for j in 0...b.count { rows[0][j] = j }
        for i in 1...a.count {
            for j in 1...b.count {
                let cost = a[i - 1] == b[j - 1] ? 0 : 1
                rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
                }
            }
        }
        return rows[a.count][b.count]
    }
}
