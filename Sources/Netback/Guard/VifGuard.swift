// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// A vif's policy as the lane enforces it.
///
/// Made by the control plane, the lane's from the `attach` or `setPolicy` command until it took the next of them, or `detach`.
struct VifGuard {
    let mac: MACAddress
    let guardsSource: Bool
    /// nil when the guest may use any address.
    let addresses: GuestAddresses?
    let ingress: MeterHandle?
    let egress: MeterHandle?
    /// Its unit is frames.
    let storm: MeterHandle?
    let maximumLearned: Int
    /// The time of this round, ticks of the time-stamp counter.
    var now: UInt64

    /// Why a frame of the guest is dropped; nil when it passes. Limits count what passed the guards, in the order of
    /// ``PathCounter``.
    @_noLocks
    func refusal(of mbuf: Mbuf) -> PathCounter? {
        let frame = mbuf.bytes
        guard frame.count >= 14 else { return .runt }
        if guardsSource, frame.mac(at: 6) != mac { return .foreignSource }
        if let addresses, !AddressGuard(mac: mac, addresses: addresses).allows(frame, elsewhere: mbuf.packetLength - frame.count)
        {
            return .spoofedAddress
        }
        if let ingress, !ingress.passes(mbuf.packetLength, now: now) { return .ingressLimited }
        if let storm, frame.mac(at: 0).isGroup, !storm.passes(1, now: now) { return .stormLimited }
        return nil
    }

    /// Whether a frame is one too many for the guest.
    @_noLocks
    func limitsToGuest(_ mbuf: Mbuf) -> Bool {
        guard let egress else { return false }
        return !egress.passes(mbuf.packetLength, now: now)
    }
}

/// A vif's guard by its address.
@safe
struct GuardReference: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): as ``VifGuard`` says, one side at a time looks behind it.
    private let pointer: UnsafeMutablePointer<VifGuard>

    static func allocate(_ state: VifGuard) -> GuardReference {
        let pointer = UnsafeMutablePointer<VifGuard>.allocate(capacity: 1)
        unsafe pointer.initialize(to: state)
        return unsafe GuardReference(pointer: pointer)
    }

    func deallocate() { unsafe pointer.deallocate() }

    /// As a word of a command.
    var word: UInt64 { unsafe UInt64(UInt(bitPattern: pointer)) }

    @unsafe @_noLocks
    init?(word: UInt64) {
        guard let pointer = unsafe UnsafeMutablePointer<VifGuard>(bitPattern: UInt(word)) else { return nil }
        unsafe self.pointer = pointer
    }

    private init(pointer: UnsafeMutablePointer<VifGuard>) { unsafe self.pointer = pointer }

    var state: VifGuard {
        @_noLocks unsafeAddress { unsafe UnsafePointer(pointer) }
        @_noLocks nonmutating unsafeMutableAddress { unsafe pointer }
    }
}
