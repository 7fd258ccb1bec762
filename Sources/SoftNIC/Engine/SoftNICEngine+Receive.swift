// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Synchronization

extension SoftNICEngine {
    /// Takes a burst from the wire into the queues' FIFOs; how many.
    @_noLocks
    mutating func receiveFromWire(_ now: UInt64, _ isLinkDown: Bool) -> Int {
        let received = wire.receive(into: &incoming)
        guard received > 0 else { return 0 }
        counters.add(received, to: EngineCounter.wireReceived.index)
        if isLinkDown || epoch & 1 != 0 {
            let counter = isLinkDown ? EngineCounter.receivedLinkDown.index : EngineCounter.receivedStopped.index
            counters.add(received, to: counter)
            return incoming.free()
        }
        var index = 0
        while index < received {
            let frame = incoming[index]
            fields.read(frame.bytes)
            let targets = targets(packetLength: frame.packetLength)
            if targets == 0 { refused.append(frame) } else { put(frame, on: targets, now) }
            if refused.freeCapacity == 0 { refused.free() }
            index += 1
        }
        incoming.removeAll()
        refused.free()
        return received
    }

    /// The queues that get the frame whose ``fields`` were read; none when it is dropped, which is counted.
    @_noLocks
    private mutating func targets(packetLength: Int) -> UInt32 {
        if table.count > 0, let place = table.find(fields) {
            let cell = table.rule(at: place) * 2
            ruleCounters.add(1, to: cell)
            ruleCounters.add(packetLength, to: cell + 1)
            let verdict = table.verdict(at: place)
            if verdict.kind == Verdict.Kind.spread { return chosen(of: verdict.queues) }
            let isRuled = verdict.kind == Verdict.Kind.drop
            counters.add(1, to: isRuled ? EngineCounter.droppedByRule.index : EngineCounter.misdirected.index)
            return 0
        }
        if groupQueues != 0 { return poolTargets() }
        let isIP = fields.present & (MatchShape.Bits.ipv4 | MatchShape.Bits.ipv6) != 0
        return spreadQueues != 0 && isIP ? chosen(of: spreadQueues) : 1
    }

    /// The pools that get the frame, each by its first queue.
    @_noLocks
    private mutating func poolTargets() -> UInt32 {
        if fields.isGroup { return UInt32(groupQueues) }
        if !poolsTakeTags && fields.isTagged { return 1 }
        if fields.words.link & 0xFFFF_FFFF_FFFF == ownAddress, ownQueues != 0 { return UInt32(ownQueues) }
        if addresses.count > 0, let place = addresses.find(fields) {
            let queues = addresses.verdict(at: place).queues
            if queues != 0 { return UInt32(queues) }
        }
        return 1
    }

    /// One queue of a mask that is not empty, by the flow's hash.
    @_noLocks
    private mutating func chosen(of queues: UInt16) -> UInt32 {
        if queues & (queues &- 1) == 0 { return UInt32(queues) }
        var left = Int(truncatingIfNeeded: fields.words.flowHash() % UInt64(queues.nonzeroBitCount))
        var rest = queues
        while left > 0 {
            rest &= rest &- 1
            left -= 1
        }
        return 1 << UInt32(rest.trailingZeroBitCount)
    }

    /// Puts the frame into the FIFO of each of the queues.
    @_noLocks
    private mutating func put(_ frame: Mbuf, on targets: UInt32, _ now: UInt64) {
        let more = targets.nonzeroBitCount - 1
        if more > 0 {
            frame.share(with: more)
            counters.add(more, to: EngineCounter.replicated.index)
        }
        var rest = targets
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            rest &= rest &- 1
            let queue = unsafe queues + (index < queueCount ? index : 0)
            if unsafe !queue.pointee.accept(frame, now: now, longest: delays.deliveryNanoseconds) {
                refused.append(frame)
                if refused.freeCapacity == 0 { refused.free() }
            }
        }
    }
}
