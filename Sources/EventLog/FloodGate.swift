// SPDX-License-Identifier: BSD-3-Clause
import Logging

/// Lets through so many entries of a kind in a span of time, and counts the rest. The first of a kind always comes through, and a flood of one
/// kind, or about one vif, holds up no other.
struct FloodGate {
    /// Entries of a kind in a span.
    static let limit = 20
    /// Nanoseconds.
    static let span: UInt64 = 10_000_000_000
    /// Kinds that are told apart; those beyond share one account. Who floods the log does not choose how much is remembered.
    static let maximumKinds = 4096

    private struct Account {
        let begin: UInt64
        var passed = 0
        var kept = 0
    }

    private var accounts: [LogEntry.Kind: Account] = [:]
    /// When the first span ends: nobody is looked at before.
    private var nextEnd = UInt64.max

    /// Whether there is something whose span has not ended.
    var hasOpenSpans: Bool { !accounts.isEmpty }

    /// Whether that one may be written.
    mutating func admits(_ kind: LogEntry.Kind, now: UInt64) -> Bool {
        let isKnown = accounts[kind] != nil || accounts.count < Self.maximumKinds
        let key = isKnown ? kind : LogEntry.Kind(event: "other", subject: "", level: .critical)
        var account = accounts[key] ?? Account(begin: now)
        defer { accounts[key] = account }
        nextEnd = min(nextEnd, account.begin + Self.span)
        if account.passed < Self.limit {
            account.passed += 1
            return true
        }
        account.kept += 1
        return false
    }

    /// Forgets what began a span ago, at the end of time everything; the kinds of which entries were kept back, with how many.
    mutating func endSpans(now: UInt64) -> [(kind: LogEntry.Kind, kept: Int)] {
        guard now >= nextEnd else { return [] }
        let over = accounts.filter { now - $0.value.begin >= Self.span }
        for kind in over.keys { accounts[kind] = nil }
        nextEnd = accounts.values.map { $0.begin + Self.span }.min() ?? .max
        return over.filter { $0.value.kept > 0 }.map { ($0.key, $0.value.kept) }
            .sorted { ($0.kind.event, $0.kind.subject) < ($1.kind.event, $1.kind.subject) }
    }
}
