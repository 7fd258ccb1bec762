// SPDX-License-Identifier: BSD-3-Clause

/// How many vifs are in each VLAN. Untagged frames are VLAN 0, which is never empty: the uplink's own.
///
/// - Lcore: one.
@safe
struct VLANMembers: ~Copyable {
    private static var identifiers: Int { @_noLocks get { 4096 } }
    private let counts: UnsafeMutablePointer<UInt16>

    init() {
        unsafe counts = .allocate(capacity: Self.identifiers)
        unsafe counts.initialize(repeating: 0, count: Self.identifiers)
    }

    deinit { unsafe counts.deallocate() }

    /// Whether frames of the VLAN concern anybody here. `vlan` is at most 4095.
    @inline(always) @_noLocks
    func contains(_ vlan: UInt16) -> Bool { unsafe counts[Int(vlan & 0x0FFF)] > 0 || vlan == 0 }

    @_noLocks
    mutating func add(_ vlan: UInt16) {
        let cell = unsafe counts + Int(vlan & 0x0FFF)
        unsafe cell.pointee &+= 1
    }

    @_noLocks
    mutating func remove(_ vlan: UInt16) {
        let cell = unsafe counts + Int(vlan & 0x0FFF)
        unsafe cell.pointee &-= 1
    }
}
