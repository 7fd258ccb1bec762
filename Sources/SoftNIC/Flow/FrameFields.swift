// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// What the engine reads of a frame, once, for all rules.
struct FrameFields {
    var words = MatchWords()
    /// The fields that the frame has, and its kinds: the ``MatchShape`` bits of every rule that could match it are among
    /// them.
    var present: UInt32 = 0
    var isGroup = false
    var isTagged = false

    @_noLocks init() {}

    /// Reads `frame`. What is not well formed is left out, and so matches no rule that asks for it.
    @_noLocks
    mutating func read(_ frame: ByteView) {
        words = MatchWords()
        present = 0
        isGroup = false
        isTagged = false
        guard let header = EthernetHeader(frame) else { return }
        isGroup = header.destination.isGroup
        words.link = header.destination.rawValue
        words.sender = header.source.rawValue
        words.types = UInt64(header.etherType.rawValue)
        present = MatchShape.Bits.destination | MatchShape.Bits.etherType | MatchShape.Bits.source
        if let vlan = header.vlan {
            isTagged = true
            words.link |= UInt64(vlan.id) << 48
            present |= MatchShape.Bits.vlan
        }
        guard let packet = frame.dropFirst(header.headerLength) else { return }
        if header.etherType == .ipv4 {
            guard let ip = IPv4Header(packet) else { return }
            words.sourceLow = UInt64(ip.source.rawValue)
            words.destinationLow = UInt64(ip.destination.rawValue)
            readIP(
                MatchShape.Bits.ipv4, ip.protocolNumber, isFragment: ip.isFragment,
                hasTransport: ip.hasTransportHeader, ip.payload)
        } else if header.etherType == .ipv6 {
            guard let ip = IPv6Header(packet) else { return }
            words.sourceHigh = ip.source.high
            words.sourceLow = ip.source.low
            words.destinationHigh = ip.destination.high
            words.destinationLow = ip.destination.low
            readIP(
                MatchShape.Bits.ipv6, ip.upperLayer, isFragment: ip.isFragment, hasTransport: ip.hasTransportHeader,
                ip.payload)
        } else {
            present |= MatchShape.Bits.notIP
        }
    }

    @_noLocks
    private mutating func readIP(
        _ kind: UInt32, _ number: IPProtocol, isFragment: Bool, hasTransport: Bool, _ payload: ByteView
    ) {
        words.types |= UInt64(number.rawValue) << 16
        present |=
            kind | MatchShape.Bits.protocolNumber | MatchShape.Bits.sourceAddress | MatchShape.Bits.destinationAddress
        if !isFragment { present |= MatchShape.Bits.whole }
        let isUDP = number.rawValue == 17
        guard isUDP || number.rawValue == 6 else {
            if !isFragment && number.rawValue != 132 { present |= MatchShape.Bits.otherIP }
            return
        }
        guard hasTransport, payload.count >= 4 else { return }
        words.types |= UInt64(payload.u16(at: 0)) << 32 | UInt64(payload.u16(at: 2)) << 48
        present |= MatchShape.Bits.sourcePort | MatchShape.Bits.destinationPort
        present |= isUDP ? MatchShape.Bits.udp : MatchShape.Bits.tcp
    }
}
