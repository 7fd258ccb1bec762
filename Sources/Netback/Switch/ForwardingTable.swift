// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

/// Which port an address is behind (IEEE Std 802.1Q, "filtering database").
///
/// A hash table leads from a key to a place in a dense list, so that an entry is refreshed by a store and ageing walks over
/// entries alone. Static entries, the vifs' own addresses, neither age nor move nor count against the limit of learned ones.
///
/// - Lcore: one.
@safe
struct ForwardingTable: ~Copyable {
    struct Entry {
        let key: UInt64
        var port: SwitchPort
        /// Seconds on the lane's clock at which a frame last came from the address.
        var seen: UInt32
        var isStatic: Bool

        /// The key without its VLAN.
        var address: UInt64 { @_noLocks get { key & 0xFFFF_FFFF_FFFF } }
    }

    private var places: HashTable
    private let entries: UnsafeMutablePointer<Entry>
    private let learnedCapacity: Int
    private let capacity: Int
    private(set) var count = 0
    private(set) var learnedCount = 0
    private var shares: PortShares

    init(name: String, learned: Int, statics: Int) throws(DPDKError) {
        learnedCapacity = learned
        capacity = learned + statics
        places = try HashTable(name: name, capacity: max(capacity, 8))
        shares = PortShares(slots: statics)
        unsafe entries = .allocate(capacity: capacity)
    }

    deinit { unsafe entries.deallocate() }

    /// Untagged frames have VLAN 0.
    @inline(always) @_noLocks
    static func key(_ address: MACAddress, vlan: UInt16) -> UInt64 { address.rawValue | UInt64(vlan) << 48 }

    /// The place of `key`'s entry.
    @_noLocks
    func place(of key: UInt64) -> Int? {
        guard let place = places[key], place < UInt64(count) else { return nil }
        return Int(place)
    }

    /// The entry at `place`, 0 to `count` - 1.
    @_noLocks
    func entry(at place: Int) -> Entry {
        precondition(place >= 0 && place < count, "no such entry")
        return unsafe entries[place]
    }

    @_noLocks
    mutating func refresh(_ place: Int, seen: UInt32) {
        precondition(place >= 0 && place < count, "no such entry")
        unsafe entries[place].seen = seen
    }

    /// The address is behind `port` now. For a learned entry.
    @_noLocks
    mutating func move(_ place: Int, to port: SwitchPort, seen: UInt32) {
        precondition(place >= 0 && place < count, "no such entry")
        unsafe shares.remove(entries[place].port)
        shares.add(port)
        unsafe entries[place].port = port
        unsafe entries[place].seen = seen
    }

    /// Learns an address that has no entry; false when the table is full.
    @_noLocks
    mutating func learn(_ key: UInt64, port: SwitchPort, seen: UInt32) -> Bool {
        guard learnedCount < learnedCapacity, append(Entry(key: key, port: port, seen: seen, isStatic: false)) else {
            return false
        }
        learnedCount += 1
        shares.add(port)
        return true
    }

    /// Learned addresses behind a vif's port; 0 for the uplink's, which nobody counts.
    @_noLocks
    mutating func learnedCount(behind port: SwitchPort) -> Int { shares.count(of: port) }

    /// Ties an address to a vif's port, whatever was learned before. An address that is already tied stays where it is.
    @_noLocks
    mutating func setStatic(_ key: UInt64, port: SwitchPort) {
        if let place = place(of: key) {
            if unsafe entries[place].isStatic { return }
            remove(at: place)
        }
        _ = append(Entry(key: key, port: port, seen: 0, isStatic: true))
    }

    @_noLocks
    private mutating func append(_ entry: Entry) -> Bool {
        guard count < capacity, places.set(entry.key, UInt64(count)) else { return false }
        unsafe (entries + count).initialize(to: entry)
        count += 1
        return true
    }

    /// Forgets the entry at `place`; the last entry takes its place.
    @_noLocks
    mutating func remove(at place: Int) {
        precondition(place >= 0 && place < count, "no such entry")
        let gone = unsafe entries[place]
        if !gone.isStatic {
            learnedCount -= 1
            shares.remove(gone.port)
        }
        places.remove(gone.key)
        count -= 1
        if place < count {
            unsafe entries[place] = entries[count]
            _ = unsafe places.set(entries[place].key, UInt64(place))
        }
    }
}

/// A port of the switch: the uplink, or a vif.
struct SwitchPort: Equatable, Sendable {
    /// -1 for the uplink.
    let slot: Int32
    /// Tells the vif that has a slot now from one that had it before; 0 for the uplink.
    let vif: UInt32

    @inline(always) @_noLocks
    init(slot: Int, vif: UInt32) {
        self.slot = Int32(truncatingIfNeeded: slot)
        self.vif = vif
    }

    static var uplink: SwitchPort { @_noLocks get { SwitchPort(slot: -1, vif: 0) } }
    var isUplink: Bool { @_noLocks get { slot < 0 } }

    // Spelled out, since a derived one carries no mark.
    @inline(always) @_noLocks
    static func == (left: SwitchPort, right: SwitchPort) -> Bool { left.slot == right.slot && left.vif == right.vif }
}
