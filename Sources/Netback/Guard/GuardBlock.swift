// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Owns the memory of a vif's guard. Let go of only after the lane has.
final class GuardBlock {
    let reference: GuardReference
    private let addresses: GuestAddresses?
    private let ingress: Meter?
    private let egress: Meter?
    private let storm: Meter?

    /// nil for a policy that asks for nothing.
    static func make(_ policy: VifPolicy, mac: MACAddress) throws(NetbackError) -> GuardBlock? {
        if policy == VifPolicy() { return nil }
        do throws(DPDKError) { return try GuardBlock(policy, mac: mac) } catch { throw .dpdk(error) }
    }

    private init(_ policy: VifPolicy, mac: MACAddress) throws(DPDKError) {
        let now = TSC.now()
        ingress = try Self.meter(policy.ingress, now)
        egress = try Self.meter(policy.egress, now)
        // As many at once as in a second: what a guest asks for when it starts comes in a burst.
        storm = try Self.meter(policy.stormLimit.map { RateLimit(bytesPerSecond: UInt64($0), burstBytes: UInt64($0)) }, now)
        addresses = policy.addresses.map { GuestAddresses.allocate($0, mac: mac) }
        reference = .allocate(
            VifGuard(
                mac: mac, guardsSource: policy.guardsSource, addresses: addresses, ingress: Self.handle(ingress),
                egress: Self.handle(egress), storm: Self.handle(storm),
                maximumLearned: policy.maximumLearnedAddresses ?? .max, now: now))
    }

    deinit {
        reference.deallocate()
        addresses?.deallocate()
    }

    private static func meter(_ limit: RateLimit?, _ now: UInt64) throws(DPDKError) -> Meter? {
        guard let limit else { return nil }
        return try Meter(rate: limit.bytesPerSecond, burst: limit.burstBytes, now: now)
    }

    private static func handle(_ meter: borrowing Meter?) -> MeterHandle? {
        switch meter {
        case .none: nil
        case .some(let meter): meter.handle
        }
    }
}
