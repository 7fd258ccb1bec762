// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// A frame's contents in 64 bits, and the flow that it belongs to: from everything behind the two MACs, so that it stays the same
/// when they are exchanged.
struct FrameDigest: Equatable, Sendable {
    let value: UInt64
    /// 0 to ``DigestLedger/flowCount`` - 1; flows of IP addresses, protocol and ports are spread over these. What is no IP is in
    /// one of its EtherType.
    let flow: Int

    @_noLocks
    init(_ frame: ByteView) {
        var digest = Mixer()
        digest.add(UInt64(truncatingIfNeeded: frame.count))
        var offset = 12
        while offset + 8 <= frame.count {
            digest.add(frame.u64(at: offset))
            offset += 8
        }
        while offset < frame.count {
            digest.add(UInt64(frame[offset]))
            offset += 1
        }
        value = digest.state
        flow = Int(truncatingIfNeeded: Self.flowHash(frame) & UInt64(DigestLedger.flowCount - 1))
    }

    @_noLocks
    private static func flowHash(_ frame: ByteView) -> UInt64 {
        var hash = Mixer()
        guard let key = FlowKey(frame) else {
            if let ethernet = EthernetHeader(frame) { hash.add(UInt64(ethernet.etherType.rawValue)) }
            return hash.folded
        }
        switch key.addresses {
        case .v4(let source, let destination): hash.add(UInt64(source.rawValue) << 32 | UInt64(destination.rawValue))
        case .v6(let source, let destination):
            hash.add(source.high)
            hash.add(source.low)
            hash.add(destination.high)
            hash.add(destination.low)
        }
        hash.add(UInt64(key.protocolNumber.rawValue))
        if let ports = key.ports { hash.add(UInt64(ports.source) << 16 | UInt64(ports.destination)) }
        return hash.folded
    }

    /// FNV-1a's step on whole words, with a rotation, so that high bits come back down.
    private struct Mixer {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325

        @_noLocks init() {}

        @inline(__always) @_noLocks
        mutating func add(_ word: UInt64) {
            let product = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
            state = product << 29 | product >> 35
        }

        var folded: UInt64 { @_noLocks get { state ^ state >> 32 } }
    }
}
