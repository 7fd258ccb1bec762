// SPDX-License-Identifier: BSD-3-Clause

extension FlowKey.Ports: Hashable {
    @inlinable @_noLocks
    public static func == (left: FlowKey.Ports, right: FlowKey.Ports) -> Bool {
        left.source == right.source && left.destination == right.destination
    }

    @inlinable @_noLocks
    public static func != (left: FlowKey.Ports, right: FlowKey.Ports) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(source)
        hasher.combine(destination)
    }
}

extension FlowKey: Hashable {
    @inlinable @_noLocks
    public static func == (left: FlowKey, right: FlowKey) -> Bool {
        guard left.destinationMAC == right.destinationMAC, left.protocolNumber == right.protocolNumber,
            left.portsWord == right.portsWord, left.vlanWord == right.vlanWord
        else { return false }
        return left.addresses == right.addresses
    }

    @inlinable @_noLocks
    public static func != (left: FlowKey, right: FlowKey) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(destinationMAC)
        hasher.combine(protocolNumber)
        hasher.combine(portsWord)
        hasher.combine(vlanWord)
        hasher.combine(addresses)
    }

    /// A 64-bit digest for tables on an lcore, where `Hasher` may not be used. Equal keys have equal digests.
    ///
    /// A peer chooses most of the key, so `seed` must be random and kept to oneself: with a known seed it is easy to
    /// find flows that collide.
    @inlinable @_noLocks
    public func digest(seed: UInt64) -> UInt64 {
        var state = Self.mixed(seed, destinationMAC.rawValue | vlanWord << 48)
        state = Self.mixed(state, portsWord | UInt64(protocolNumber.rawValue) << 40)
        switch addresses {
        case .v4(let source, let destination):
            state = Self.mixed(state, UInt64(source.rawValue) << 32 | UInt64(destination.rawValue))
        case .v6(let source, let destination):
            state = Self.mixed(Self.mixed(state, source.high), source.low)
            state = Self.mixed(Self.mixed(state, destination.high), destination.low)
        }
        return state
    }

    /// Ports in 32 bits, and a bit above them that says whether there are any.
    @inlinable
    var portsWord: UInt64 {
        @_noLocks get {
            guard let ports else { return 0 }
            return 1 << 32 | UInt64(ports.source) << 16 | UInt64(ports.destination)
        }
    }

    /// The VLAN identifier in 12 bits, and a bit above them that says whether there is one.
    @inlinable
    var vlanWord: UInt64 {
        @_noLocks get {
            guard let vlanID else { return 0 }
            return 0x1000 | UInt64(vlanID)
        }
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014); its multiplications are meant to wrap.
    @inlinable @_noLocks
    static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        var value = (state ^ word) &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
