// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Building a match field by field, on the control plane.
extension Match {
    init(_ shape: MatchShape = []) {
        self.shape = shape
        words = MatchWords()
    }

    mutating func setDestination(_ mac: UInt64) {
        shape.insert(.destination)
        words.link |= mac & 0xFFFF_FFFF_FFFF
    }

    mutating func setSource(_ mac: UInt64) {
        shape.insert(.source)
        words.sender = mac
    }

    mutating func setVLAN(_ identifier: UInt16) {
        shape.insert(.vlan)
        words.link |= UInt64(identifier & 0x0FFF) << 48
    }

    mutating func setEtherType(_ type: UInt16) {
        shape.insert(.etherType)
        words.types |= UInt64(type)
    }

    mutating func setProtocol(_ number: UInt8) {
        shape.insert(.protocolNumber)
        words.types |= UInt64(number) << 16
    }

    /// The network layer's kind, addresses and protocol.
    mutating func set(_ network: RuleLayers.Network, comparingProtocol: Bool = true) {
        switch network {
        case .ipv4(let source, let destination, let number):
            shape.insert(.ipv4)
            if let source {
                shape.insert(.sourceAddress)
                words.sourceLow = UInt64(source)
            }
            if let destination {
                shape.insert(.destinationAddress)
                words.destinationLow = UInt64(destination)
            }
            if comparingProtocol, let number { setProtocol(number) }
        case .ipv6(let source, let destination, let number):
            shape.insert(.ipv6)
            if let source {
                shape.insert(.sourceAddress)
                (words.sourceHigh, words.sourceLow) = (source.high, source.low)
            }
            if let destination {
                shape.insert(.destinationAddress)
                (words.destinationHigh, words.destinationLow) = (destination.high, destination.low)
            }
            if comparingProtocol, let number { setProtocol(number) }
        }
    }

    /// The transport layer's ports, and with `comparingKind` its kind.
    mutating func set(_ transport: RuleLayers.Transport, comparingKind: Bool = true) {
        if comparingKind { shape.insert(transport.isUDP ? .udp : .tcp) }
        if let port = transport.sourcePort {
            shape.insert(.sourcePort)
            words.types |= UInt64(port) << 32
        }
        if let port = transport.destinationPort {
            shape.insert(.destinationPort)
            words.types |= UInt64(port) << 48
        }
    }
}
