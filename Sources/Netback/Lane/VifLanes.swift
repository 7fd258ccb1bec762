// SPDX-License-Identifier: BSD-3-Clause

/// The attached vifs: by slot, and as a list without gaps.
///
/// A handle; the memory is freed by whoever made it, after the lane came off its loop.
@safe
struct VifLanes: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): touched by the lane alone while that runs.
    let capacity: Int
    private let listed: UnsafeMutablePointer<Int>
    private let bySlot: UnsafeMutablePointer<VifReference?>
    private let list: UnsafeMutablePointer<VifReference?>

    static func allocate(capacity: Int) -> VifLanes {
        let listed = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        unsafe listed.initialize(to: 0)
        let bySlot = UnsafeMutablePointer<VifReference?>.allocate(capacity: capacity)
        unsafe bySlot.initialize(repeating: nil, count: capacity)
        let list = UnsafeMutablePointer<VifReference?>.allocate(capacity: capacity)
        unsafe list.initialize(repeating: nil, count: capacity)
        return unsafe VifLanes(capacity: capacity, listed: listed, bySlot: bySlot, list: list)
    }

    func deallocate() {
        unsafe listed.deallocate()
        unsafe bySlot.deallocate()
        unsafe list.deallocate()
    }

    var count: Int { @inline(always) @_noLocks get { unsafe listed.pointee } }

    /// The vif at that place of the list.
    subscript(place: Int) -> VifReference {
        @inline(always) @_noLocks get {
            precondition(place >= 0 && place < count, "no such vif")
            return unsafe list[place].unsafelyUnwrapped
        }
    }

    /// The vif in that slot.
    @inline(always) @_noLocks
    func at(slot: Int) -> VifReference? {
        slot >= 0 && slot < capacity ? unsafe bySlot[slot] : nil
    }

    /// The vif behind `port`; nil for the uplink and for a vif that is gone.
    @inline(always) @_noLocks
    func at(_ port: SwitchPort) -> VifReference? {
        guard let vif = at(slot: Int(port.slot)), vif.lane.port.vif == port.vif else { return nil }
        return vif
    }

    @_noLocks
    func attach(_ vif: VifReference, slot: Int) {
        var isFree = false
        if case .none = at(slot: slot) { isFree = true }
        precondition(slot >= 0 && slot < capacity && isFree && count < capacity, "the slot is taken")
        unsafe bySlot[slot] = vif
        unsafe list[count] = vif
        unsafe listed.pointee += 1
    }

    @_noLocks
    func detach(slot: Int) {
        guard slot >= 0 && slot < capacity else { return }
        unsafe bySlot[slot] = nil
        var place = 0
        var kept = 0
        while place < count {
            if self[place].lane.port.slot != Int32(truncatingIfNeeded: slot) {
                unsafe list[kept] = list[place]
                kept += 1
            }
            place += 1
        }
        unsafe listed.pointee = kept
    }
}
