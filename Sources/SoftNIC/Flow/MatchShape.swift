// SPDX-License-Identifier: BSD-3-Clause

/// What a rule looks at: the fields that it compares, and the kinds of frames that it takes at all.
struct MatchShape: OptionSet, Hashable, Sendable {
    let rawValue: UInt32
    @_noLocks init(rawValue: UInt32) { self.rawValue = rawValue }

    // Fields.
    static let destination = MatchShape(rawValue: Bits.destination)
    static let vlan = MatchShape(rawValue: Bits.vlan)
    static let etherType = MatchShape(rawValue: Bits.etherType)
    static let protocolNumber = MatchShape(rawValue: Bits.protocolNumber)
    static let sourceAddress = MatchShape(rawValue: Bits.sourceAddress)
    static let destinationAddress = MatchShape(rawValue: Bits.destinationAddress)
    static let sourcePort = MatchShape(rawValue: Bits.sourcePort)
    static let destinationPort = MatchShape(rawValue: Bits.destinationPort)
    static let source = MatchShape(rawValue: Bits.source)
    // Kinds of frames.
    static let ipv4 = MatchShape(rawValue: Bits.ipv4)
    static let ipv6 = MatchShape(rawValue: Bits.ipv6)
    /// With a UDP header, TCP header: no fragment but the first.
    static let udp = MatchShape(rawValue: Bits.udp)
    static let tcp = MatchShape(rawValue: Bits.tcp)
    /// IP that is no fragment, and neither UDP nor TCP nor SCTP.
    static let otherIP = MatchShape(rawValue: Bits.otherIP)
    static let notIP = MatchShape(rawValue: Bits.notIP)
    /// IP that is no fragment.
    static let whole = MatchShape(rawValue: Bits.whole)

    static let fields: MatchShape = [
        .destination, .vlan, .etherType, .protocolNumber, .sourceAddress, .destinationAddress, .sourcePort, .destinationPort,
        .source,
    ]

    /// The bits, for code that may not touch a static property.
    enum Bits {
        static var destination: UInt32 { @_noLocks get { 1 << 0 } }
        static var vlan: UInt32 { @_noLocks get { 1 << 1 } }
        static var etherType: UInt32 { @_noLocks get { 1 << 2 } }
        static var protocolNumber: UInt32 { @_noLocks get { 1 << 3 } }
        static var sourceAddress: UInt32 { @_noLocks get { 1 << 4 } }
        static var destinationAddress: UInt32 { @_noLocks get { 1 << 5 } }
        static var sourcePort: UInt32 { @_noLocks get { 1 << 6 } }
        static var destinationPort: UInt32 { @_noLocks get { 1 << 7 } }
        static var source: UInt32 { @_noLocks get { 1 << 8 } }
        static var ipv4: UInt32 { @_noLocks get { 1 << 16 } }
        static var ipv6: UInt32 { @_noLocks get { 1 << 17 } }
        static var udp: UInt32 { @_noLocks get { 1 << 18 } }
        static var tcp: UInt32 { @_noLocks get { 1 << 19 } }
        static var otherIP: UInt32 { @_noLocks get { 1 << 20 } }
        static var notIP: UInt32 { @_noLocks get { 1 << 21 } }
        static var whole: UInt32 { @_noLocks get { 1 << 22 } }
        /// Bits 24...26: the priority of a filter, which wins over all else.
        static var priorityShift: UInt32 { @_noLocks get { 24 } }
    }

    /// The same shape with a filter's priority (0...7, the highest first), which makes it another one.
    func with(priority: Int) -> MatchShape {
        MatchShape(rawValue: rawValue | UInt32(priority & 7) << Bits.priorityShift)
    }
}

/// The fields of a frame or of a rule, at fixed places in seven words; what a rule does not compare is 0.
struct MatchWords: Hashable, Sendable {
    /// Bits 0...47 the destination, 48...59 the VLAN identifier.
    var link: UInt64 = 0
    /// Bits 0...15 the EtherType, 16...23 the protocol, 32...47 the source port, 48...63 the destination port.
    var types: UInt64 = 0
    var sourceHigh: UInt64 = 0
    var sourceLow: UInt64 = 0
    var destinationHigh: UInt64 = 0
    var destinationLow: UInt64 = 0
    /// The source MAC.
    var sender: UInt64 = 0

    @_noLocks init() {}

    /// The words of which all bits are set that `shape` compares.
    init(maskOf shape: MatchShape) {
        if shape.contains(.destination) { link |= 0xFFFF_FFFF_FFFF }
        if shape.contains(.vlan) { link |= 0x0FFF << 48 }
        if shape.contains(.etherType) { types |= 0xFFFF }
        if shape.contains(.protocolNumber) { types |= 0xFF << 16 }
        if shape.contains(.sourcePort) { types |= 0xFFFF << 32 }
        if shape.contains(.destinationPort) { types |= 0xFFFF << 48 }
        if shape.contains(.sourceAddress) { (sourceHigh, sourceLow) = (.max, .max) }
        if shape.contains(.destinationAddress) { (destinationHigh, destinationLow) = (.max, .max) }
        if shape.contains(.source) { sender = .max }
    }
}

/// What a rule takes: a shape and the values of its fields.
struct Match: Hashable, Sendable {
    var shape: MatchShape
    var words: MatchWords
}
