// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Wire

@testable import Acceleration

/// Draws messages of every kind, with lengths up to the limits.
struct RandomMessages {
    var random: SplitMix64

    private let scalars: [Unicode.Scalar] = ["a", "Z", "0", ",", "=", ":", " ", "ß", "é", "中", "𝄞", "\u{301}"]

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func text(limit: Int, atLeast: Int = 0) -> String {
        var text = String.UnicodeScalarView()
        let wanted = random.oneIn(8) ? limit : min(limit, atLeast + random.below(12))
        var octets = 0
        while true {
            let scalar = scalars[random.below(scalars.count)]
            octets += UTF8.width(scalar)
            if octets > wanted { break }
            text.append(scalar)
        }
        return text.count < atLeast ? "x" : String(text)
    }

    mutating func reason() -> AccelerationReason {
        let codes = AccelerationReason.Code.allCases
        return AccelerationReason(codes[random.below(codes.count)], text(limit: ControlProtocol.maximumReasonText))
    }

    mutating func address() -> MACAddress {
        MACAddress(rawValue: random.next() & 0xFEFF_FFFF_FFFF | 0x0200_0000_0000)
    }

    mutating func id() -> UInt32 { UInt32(truncatingIfNeeded: random.next() | 1) }

    mutating func sequence() -> UInt32 { UInt32(truncatingIfNeeded: random.next()) | ControlProtocol.firstFlowSequence }

    mutating func selector() -> FlowSelector {
        let transport = random.oneIn(2) ? IPProtocol.udp : .tcp
        let bits = random.next()
        return random.oneIn(2)
            ? FlowSelector(
                IPv4Address(rawValue: UInt32(truncatingIfNeeded: bits)), transport, port: UInt16(truncatingIfNeeded: bits >> 32))
            : FlowSelector(IPv6Address(high: bits, low: random.next()), transport, port: UInt16(truncatingIfNeeded: bits >> 16))
    }

    mutating func grant() -> Grant {
        let bits = random.next()
        return random.oneIn(2)
            ? .device(devargs: text(limit: ControlProtocol.maximumDeviceArguments, atLeast: 1))
            : .queuePair(
                port: UInt16(truncatingIfNeeded: bits), rxQueue: UInt16(truncatingIfNeeded: bits >> 16),
                txQueue: UInt16(truncatingIfNeeded: bits >> 32),
                mempool: text(limit: ControlProtocol.maximumMempoolName, atLeast: 1),
                vlan: random.oneIn(2) ? nil : UInt16(1 + random.below(4094)))
    }

    mutating func message() -> ControlMessage {
        let kinds = ControlMessageKind.allCases
        let number = UInt32(truncatingIfNeeded: random.next())
        switch kinds[random.below(kinds.count)] {
        case .offer:
            return .offer(
                version: UInt16(truncatingIfNeeded: number), mac: address(),
                plugin: text(limit: ControlProtocol.maximumPluginName, atLeast: 1), maximumStash: number)
        case .grant:
            return .grant(id: id(), grant(), fenceNonce: random.next(), settleNanoseconds: random.next())
        case .rulesRemoved: return .rulesRemoved(id: id())
        case .revoke: return .revoke(id: random.oneIn(4) ? 0 : number, reason())
        case .localAddresses:
            let count = random.oneIn(50) ? ControlProtocol.maximumLocalAddresses : random.below(6)
            return .localAddresses(generation: random.next(), (0..<count).map { _ in address() })
        case .transmitFenceConfirmed: return .transmitFenceConfirmed(sequence: number)
        case .accept: return .accept(version: UInt16(truncatingIfNeeded: number))
        case .refuse: return .refuse(reason())
        case .opened: return .opened(id: id())
        case .openFailed: return .openFailed(id: id(), reason())
        case .proven: return .proven(id: id())
        case .fenceReached: return .fenceReached(id: id(), sequence: number, stashed: number &* 7)
        case .fenceExpired: return .fenceExpired(id: id())
        case .drained: return .drained(id: id())
        case .closed: return .closed(id: id())
        case .withdraw: return .withdraw(id: id(), reason())
        case .changeFlows:
            let most = ControlProtocol.maximumFlowChanges
            let adds = random.oneIn(20) ? most : random.below(4)
            let removes = random.oneIn(20) ? most : adds == 0 ? 1 + random.below(3) : random.below(4)
            return .changeFlows(
                id: id(), sequence: sequence(), adds: (0..<adds).map { _ in FlowEntry(id: id(), selector()) },
                removes: (0..<removes).map { _ in id() })
        case .flowRulesChanged:
            return .flowRulesChanged(id: id(), sequence: sequence(), failed: (0..<random.below(4)).map { _ in id() })
        case .flowsReady: return .flowsReady(id: id(), sequence: sequence())
        case .flowFenceReached: return .flowFenceReached(id: id(), sequence: sequence(), stashed: number &* 7)
        case .flowFenceExpired: return .flowFenceExpired(id: id(), sequence: sequence())
        case .flowsDrained: return .flowsDrained(id: id(), sequence: sequence())
        case .flowHits:
            let count = random.oneIn(50) ? ControlProtocol.maximumFlowHits : 1 + random.below(5)
            return .flowHits(id: id(), (0..<count).map { _ in FlowHits(flow: id(), frames: number) })
        }
    }
}
