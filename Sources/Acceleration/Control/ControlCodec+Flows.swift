// SPDX-License-Identifier: BSD-3-Clause

import Wire

// A flow is its number (4 octets), the version of IP (1: 4 or 6), the protocol (1: UDP or TCP), the port (2) and the address (4
// or 16).

extension FlowSelector {
    /// Whether the protocol is one that has ports.
    var isEncodable: Bool { transport == .udp || transport == .tcp }
}

extension ControlWriter {
    mutating func flow(_ entry: FlowEntry) {
        let selector = entry.selector
        integer(entry.id)
        integer(UInt8(selector.isIPv6 ? 6 : 4))
        integer(selector.transport.rawValue)
        integer(selector.port)
        if selector.isIPv6 {
            integer(selector.high)
            integer(selector.low)
        } else {
            integer(UInt32(truncatingIfNeeded: selector.low))
        }
    }

    mutating func numbers(_ numbers: [UInt32]) {
        integer(UInt16(numbers.count))
        for number in numbers { integer(number) }
    }
}

extension ControlReader {
    mutating func flowSequence() throws(ControlDecodingError) -> UInt32 {
        let sequence = try integer(UInt32.self)
        guard sequence >= ControlProtocol.firstFlowSequence else { throw .invalidValue }
        return sequence
    }

    mutating func flows() throws(ControlDecodingError) -> [FlowEntry] {
        let count = Int(try integer(UInt16.self))
        guard count <= ControlProtocol.maximumFlowChanges else { throw .overLimit }
        var flows: [FlowEntry] = []
        for _ in 0..<count { flows.append(try flow()) }
        return flows
    }

    private mutating func flow() throws(ControlDecodingError) -> FlowEntry {
        // Never 0, as the number of a grant.
        let id = try grantID()
        let version = try integer(UInt8.self)
        let transport = IPProtocol(rawValue: try integer())
        guard transport == .udp || transport == .tcp else { throw .invalidValue }
        let port = try integer(UInt16.self)
        switch version {
        case 4: return FlowEntry(id: id, FlowSelector(IPv4Address(rawValue: try integer()), transport, port: port))
        case 6:
            let address = IPv6Address(high: try integer(), low: try integer())
            return FlowEntry(id: id, FlowSelector(address, transport, port: port))
        default: throw .invalidValue
        }
    }

    mutating func numbers() throws(ControlDecodingError) -> [UInt32] {
        let count = Int(try integer(UInt16.self))
        guard count <= ControlProtocol.maximumFlowChanges else { throw .overLimit }
        var numbers: [UInt32] = []
        for _ in 0..<count { numbers.append(try grantID()) }
        return numbers
    }

    mutating func hits() throws(ControlDecodingError) -> [FlowHits] {
        let count = Int(try integer(UInt16.self))
        guard count <= ControlProtocol.maximumFlowHits else { throw .overLimit }
        guard count > 0 else { throw .invalidValue }
        var hits: [FlowHits] = []
        for _ in 0..<count { hits.append(FlowHits(flow: try grantID(), frames: try integer())) }
        return hits
    }
}
