// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

extension VifPolicy {
    /// The lane looks at each of them for each packet.
    static let maximumAddresses = 64
    static let stormLimits = 1...10_000_000
    static let learnedAddresses = 0...1 << 20

    /// - Parameters:
    ///   - vif: the vif's name, for the words of the error.
    ///   - mtu: the vif's: a burst that is shorter than its frames would let nothing through.
    func validate(vif: String, mtu: Int) throws(NetbackError) {
        func require(_ condition: Bool, _ problem: @autoclosure () -> String) throws(NetbackError) {
            if !condition { throw .invalidPolicy(problem(), vif: vif) }
        }
        if let addresses {
            try require(
                addresses.count <= Self.maximumAddresses,
                "it has at most \(Self.maximumAddresses) addresses, not \(addresses.count)")
            for address in addresses {
                try require(address.isValidUnicast, "\(address) is no address that a guest can have")
            }
        }
        for (name, limit) in [("ingress", ingress), ("egress", egress)] {
            guard let limit else { continue }
            try require(
                (1...Meter.maximumRate).contains(limit.bytesPerSecond),
                "\(name) is 1 to \(Meter.maximumRate) bytes a second, not \(limit.bytesPerSecond)")
            // An Ethernet frame without its check sequence, and with a tag for its priority.
            let shortest = UInt64(max(mtu, 1500) + 18)
            try require(
                (shortest...Meter.maximumBurst).contains(limit.burstBytes),
                "\(name) has a burst of \(shortest) to \(Meter.maximumBurst) bytes, not \(limit.burstBytes)")
        }
        if let stormLimit {
            try require(
                Self.stormLimits.contains(stormLimit),
                "the storm limit is \(Self.stormLimits.lowerBound) to \(Self.stormLimits.upperBound) frames, not \(stormLimit)")
        }
        if let maximumLearnedAddresses {
            try require(
                Self.learnedAddresses.contains(maximumLearnedAddresses),
                "0 to \(Self.learnedAddresses.upperBound) addresses are learned, not \(maximumLearnedAddresses)")
        }
    }
}

extension IPAddress {
    fileprivate var isValidUnicast: Bool {
        isIPv6
            ? IPv6Address(high: high, low: low).isValidUnicast
            : IPv4Address(rawValue: UInt32(truncatingIfNeeded: low)).isValidUnicast
    }
}
