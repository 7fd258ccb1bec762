// SPDX-License-Identifier: BSD-3-Clause

/// What the control plane asks of the lane: two words on its way.
///
///     word 0   operation (8 bits) | slot (24 bits) | small argument (32 bits)
///     word 1   large argument
struct LaneCommand: Sendable {
    enum Operation {
        /// Large argument: the address of the slot's `VifLane`, the lane's until it took `detach`.
        static var attach: UInt8 { @_noLocks get { 1 } }
        static var detach: UInt8 { @_noLocks get { 2 } }
        static var hold: UInt8 { @_noLocks get { 3 } }
        static var release: UInt8 { @_noLocks get { 4 } }
        /// Small argument: the sequence number. Large one: the settle time in nanoseconds of the port's clock.
        static var fence: UInt8 { @_noLocks get { 5 } }
        /// Large argument: the nonce.
        static var setNonce: UInt8 { @_noLocks get { 6 } }
        /// Nobody waits for holds and fences of the vif any more.
        static var reset: UInt8 { @_noLocks get { 7 } }
        /// Large argument: where the local addresses go; see `AddressSnapshot`.
        static var snapshot: UInt8 { @_noLocks get { 8 } }
        /// Large argument: the address of a ring of the VI in software that the next `steer` is about.
        static var prepareToGuest: UInt8 { @_noLocks get { 9 } }
        static var prepareFromGuest: UInt8 { @_noLocks get { 10 } }
        /// Large argument: the address of the VI's count of settled frames.
        static var steer: UInt8 { @_noLocks get { 11 } }
        static var unsteer: UInt8 { @_noLocks get { 12 } }
        /// Small argument: how many. Large one: the address of the selectors, which stay as they are until FLOWS_HELD.
        static var holdFlows: UInt8 { @_noLocks get { 13 } }
        static var releaseFlows: UInt8 { @_noLocks get { 14 } }
        /// Of no vif: the uplink's port is not touched any more, or again.
        static var suspendUplink: UInt8 { @_noLocks get { 15 } }
        static var resumeUplink: UInt8 { @_noLocks get { 16 } }
        /// Large argument: the address of the vif's new guard, or 0; the one before is not used any more.
        static var setPolicy: UInt8 { @_noLocks get { 17 } }
    }

    static var wordCount: Int { @_noLocks get { 2 } }

    let operation: UInt8
    let slot: Int
    let small: UInt32
    let large: UInt64

    init(_ operation: UInt8, slot: Int = 0, small: UInt32 = 0, large: UInt64 = 0) {
        self.operation = operation
        self.slot = slot
        self.small = small
        self.large = large
    }

    @_noLocks
    init(_ first: UInt64, _ second: UInt64) {
        operation = UInt8(truncatingIfNeeded: first >> 56)
        slot = Int(first >> 32 & 0xFF_FFFF)
        small = UInt32(truncatingIfNeeded: first)
        large = second
    }

    var words: (UInt64, UInt64) { (UInt64(operation) << 56 | UInt64(slot & 0xFF_FFFF) << 32 | UInt64(small), large) }
}

/// What the lane tells the control plane: two words on its way.
///
///     word 0   kind (32 bits) | vif (32 bits)
///     word 1   argument
struct LaneEvent: Sendable {
    enum Kind {
        static var held: UInt32 { @_noLocks get { 1 } }
        static var released: UInt32 { @_noLocks get { 2 } }
        /// Argument: the sequence number.
        static var fenceSent: UInt32 { @_noLocks get { 3 } }
        static var transmitFence: UInt32 { @_noLocks get { 4 } }
        /// The set of local addresses is not what it was at the last snapshot.
        static var localAddressesChanged: UInt32 { @_noLocks get { 5 } }
        /// Argument: addresses written; the high half: addresses that did not fit.
        static var snapshotTaken: UInt32 { @_noLocks get { 6 } }
        static var steered: UInt32 { @_noLocks get { 7 } }
        static var unsteered: UInt32 { @_noLocks get { 8 } }
        static var flowsHeld: UInt32 { @_noLocks get { 9 } }
        static var flowsReleased: UInt32 { @_noLocks get { 10 } }
    }

    static var wordCount: Int { @_noLocks get { 2 } }

    let kind: UInt32
    /// 0 when it concerns none.
    let vif: UInt32
    let argument: UInt64

    @_noLocks
    init(_ kind: UInt32, vif: UInt32, argument: UInt64 = 0) {
        self.kind = kind
        self.vif = vif
        self.argument = argument
    }

    init(_ first: UInt64, _ second: UInt64) {
        kind = UInt32(truncatingIfNeeded: first >> 32)
        vif = UInt32(truncatingIfNeeded: first)
        argument = second
    }

    var words: (UInt64, UInt64) { @_noLocks get { (UInt64(kind) << 32 | UInt64(vif), argument) } }
}
