// SPDX-License-Identifier: BSD-3-Clause

extension ByteView {
    /// A number by which an untagged frame's flow is given one of several queues: the same for all frames of a TCP or UDP flow in one
    /// direction, and for all fragments of its packets (by their addresses alone, RFC 791: only the first has the ports). 0 for what is no
    /// IP.
    ///
    /// Nobody is protected from a sender that chooses flows which meet in one queue.
    public var flowSpread: UInt64 { @_noLocks get { makeFlowSpread() } }

    @_noLocks
    private func makeFlowSpread() -> UInt64 {
        guard count >= 34 else { return 0 }
        let type = u16(at: 12)
        if type == EtherType.ipv4.rawValue {
            let addresses = FlowKey.mixed(0, u64(at: 26))
            let ports = 14 + Int(self[14] & 0xF) * 4
            // More fragments, or an offset.
            let isFragment = u16(at: 20) & 0x3FFF != 0
            return isFragment ? addresses : mixedWithPorts(addresses, transport: self[23], at: ports)
        }
        guard type == EtherType.ipv6.rawValue, count >= 54 else { return 0 }
        var addresses = FlowKey.mixed(0, u64(at: 22))
        addresses = FlowKey.mixed(addresses, u64(at: 30))
        addresses = FlowKey.mixed(addresses, u64(at: 38))
        addresses = FlowKey.mixed(addresses, u64(at: 46))
        // Behind extension headers, a fragment's among them, the addresses have to do.
        return mixedWithPorts(addresses, transport: self[20], at: 54)
    }

    @inline(always) @_noLocks
    private func mixedWithPorts(_ addresses: UInt64, transport: UInt8, at offset: Int) -> UInt64 {
        let hasPorts = transport == IPProtocol.tcp.rawValue || transport == IPProtocol.udp.rawValue
        guard hasPorts, count >= offset + 4 else { return addresses }
        return FlowKey.mixed(addresses, UInt64(u32(at: offset)))
    }
}
