// SPDX-License-Identifier: BSD-3-Clause
import Dataplane

/// What ``ExportLane`` counts.
enum ExportCounter: Int, CaseIterable {
    case received = 0
    case delivered, undelivered, foreign, taken, sent, refused, unsent, markers

    var index: Int { @_noLocks get { rawValue } }
}

extension ExportStatistics {
    init(_ counters: Counters) {
        func value(_ counter: ExportCounter) -> UInt64 { counters[counter.rawValue] }
        received = value(.received)
        delivered = value(.delivered)
        undelivered = value(.undelivered)
        foreign = value(.foreign)
        taken = value(.taken)
        sent = value(.sent)
        refused = value(.refused)
        unsent = value(.unsent)
        markers = value(.markers)
    }
}
