// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane

/// Frames for the wire that are not ready for it as they are.
extension NetbackLane {
    @inline(always) @_noLocks
    mutating func appendToUplink(_ mbuf: Mbuf) {
        uplinkOutbox.append(mbuf)
        appended &+= 1
    }

    /// Does what the sender left to do as far as the port does not, and sees to it that the port can take what comes of it; takes the
    /// frame. The outbox has room for one.
    @_noLocks
    mutating func finishForUplink(_ mbuf: Mbuf) {
        switch mbuf.finish(for: uplinkOffloads) {
        case .senseless: drop(mbuf, .badOffload)
        case .done:
            guard mbuf.longestFrame <= uplinkLongestFrame, mbuf.segmentCount == 1 || uplinkOffloads.has(.chains) else {
                return drop(mbuf, .tooLongForUplink)
            }
            if mbuf.requestsTransmitOffload && !uplink.prepare(mbuf) { return drop(mbuf, .badOffload) }
            appendToUplink(mbuf)
        case .pieces(let pieces): cutForUplink(mbuf, pieces)
        }
    }

    @_noLocks
    private mutating func cutForUplink(_ mbuf: Mbuf, _ pieces: Int) {
        guard pieces <= VifLane.maximumPieces else { return drop(mbuf, .badOffload) }
        var made = 0
        while made < pieces {
            if uplinkOutbox.freeCapacity == 0 { flushUplink() }
            let first = uplinkOutbox.count
            let count = mbuf.split(from: made, pool: pool, into: &uplinkOutbox)
            if count == 0 { break }
            // All of them but the last have one length.
            let piece = uplinkOutbox[first]
            if piece.packetLength > uplinkLongestFrame || (piece.segmentCount > 1 && !uplinkOffloads.has(.chains)) {
                // They were never counted.
                uplinkOutbox.freeLast(count)
                return drop(mbuf, .tooLongForUplink)
            }
            made += count
            appended &+= UInt64(count)
        }
        // The pieces are the whole; when some are missing, the whole stands for those.
        totals.add(made < pieces ? made : made - 1, to: .segmentsAdded)
        if made < pieces { return drop(mbuf, .segmentsLost) }
        free(mbuf)
    }
}
