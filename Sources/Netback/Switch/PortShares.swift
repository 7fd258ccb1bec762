// SPDX-License-Identifier: BSD-3-Clause

/// How many addresses were learned behind each vif's port.
///
/// What a vif learned outlives it for a while, and is then nobody's: the next vif in the slot begins with none.
///
/// - Lcore: one.
@safe
struct PortShares: ~Copyable {
    private struct Share {
        var vif: UInt32
        var count: Int
    }

    private let slots: Int
    private let shares: UnsafeMutablePointer<Share>

    init(slots: Int) {
        self.slots = slots
        unsafe shares = .allocate(capacity: slots)
        unsafe shares.initialize(repeating: Share(vif: 0, count: 0), count: slots)
    }

    deinit { unsafe shares.deallocate() }

    @_noLocks
    func count(of port: SwitchPort) -> Int {
        guard let place = place(of: port), unsafe shares[place].vif == port.vif else { return 0 }
        return unsafe shares[place].count
    }

    @_noLocks
    mutating func add(_ port: SwitchPort) {
        guard let place = place(of: port) else { return }
        if unsafe shares[place].vif != port.vif { unsafe shares[place] = Share(vif: port.vif, count: 0) }
        // A pointer of its own: the thread sanitizer's compiler crashes at a compound assignment through a stored one.
        let share = unsafe shares + place
        unsafe share.pointee.count += 1
    }

    @_noLocks
    mutating func remove(_ port: SwitchPort) {
        guard let place = place(of: port), unsafe shares[place].vif == port.vif else { return }
        let share = unsafe shares + place
        unsafe share.pointee.count -= 1
    }

    @inline(always) @_noLocks
    private func place(of port: SwitchPort) -> Int? {
        let slot = Int(port.slot)
        return slot >= 0 && slot < slots ? slot : nil
    }
}
