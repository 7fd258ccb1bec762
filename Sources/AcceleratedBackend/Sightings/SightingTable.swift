// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Synchronization
import Wire

/// What is watched for on the default queue: unicast frames to one address in one VLAN.
struct SightingKey: Hashable, Sendable {
    let rawValue: UInt64

    /// `vlan` 0 or nil: untagged, or tagged for priority only.
    @_noLocks
    init(mac: UInt64, vlan: UInt16) { rawValue = mac & 0xFFFF_FFFF_FFFF | UInt64(vlan & 0x0FFF) << 48 }
}

/// How many frames of a key were seen.
struct SightingCount: Equatable, Sendable {
    var all: UInt64 = 0
    /// Those of them that are IPv4 without fragmentation and not SCTP: what a form that matches kinds of IPv4 packet can steer.
    var plainIPv4: UInt64 = 0
}

/// Counts of frames by key: an open-addressing table of fixed size that the default queue's lcore reads and counts in, and the
/// control plane adds to and removes from meanwhile.
@safe
struct Sightings: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): atomic cells; `SightingTable` owns the memory and outlives every use.

    /// Four cells a place: key (0 empty, all ones removed), count of all frames, of plain IPv4 ones; the fourth keeps a place within
    /// a cache line.
    let cells: UnsafeMutablePointer<Atomic<UInt64>>
    let mask: Int

    static var removed: UInt64 { @_noLocks get { .max } }
    /// Places that a key may be at; bounds the work for a frame that nobody watches for.
    static var reach: Int { @_noLocks get { 16 } }

    @_noLocks
    func home(of key: UInt64) -> Int {
        // Fibonacci hashing: the high bits of the product are the well mixed ones.
        Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask
    }

    @_noLocks
    func key(at place: Int) -> UInt64 { unsafe cells[(place & mask) &* 4].load(ordering: .acquiring) }

    func count(at place: Int) -> SightingCount {
        unsafe SightingCount(
            all: cells[(place & mask) * 4 + 1].load(ordering: .relaxed),
            plainIPv4: cells[(place & mask) * 4 + 2].load(ordering: .relaxed))
    }

    /// Counts one frame, if its key is watched.
    ///
    /// - Lcore: one, so that counting needs no read-modify-write.
    @_noLocks
    func saw(_ key: SightingKey, isPlainIPv4: Bool) {
        var place = home(of: key.rawValue)
        var step = 0
        while step < Self.reach {
            let found = self.key(at: place)
            if found == key.rawValue {
                count(place, 1)
                if isPlainIPv4 { count(place, 2) }
                return
            }
            if found == 0 { return }
            place = (place &+ 1) & mask
            step += 1
        }
    }

    @inline(__always) @_noLocks
    private func count(_ place: Int, _ column: Int) {
        let cell = unsafe cells + ((place & mask) &* 4 &+ column)
        unsafe cell.pointee.store(cell.pointee.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// IPv4, no fragment (RFC 791: neither more fragments nor an offset), and not SCTP, which is a kind of its own to i40e.
    @inline(__always) @_noLocks
    private static func isPlainIPv4(_ frame: ByteView, at offset: Int) -> Bool {
        frame.count >= offset &+ 20 && frame.u16(at: offset &+ 6) & 0x3FFF == 0 && frame[offset &+ 9] != 132
    }

    /// Looks at a burst of the default queue.
    @_noLocks
    func look(at burst: BorrowedBurst) {
        var index = 0
        while index < burst.count {
            let frame = burst[index].bytes
            index += 1
            guard frame.count >= 14 else { continue }
            let destination = frame.mac(at: 0)
            guard !destination.isGroup else { continue }
            var vlan: UInt16 = 0
            var typeOffset = 12
            if frame.u16(at: 12) == EtherType.vlan.rawValue, frame.count >= 18 {
                vlan = frame.u16(at: 14) & 0x0FFF
                typeOffset = 16
            }
            let isIPv4 = frame.u16(at: typeOffset) == EtherType.ipv4.rawValue
            saw(
                SightingKey(mac: destination.rawValue, vlan: vlan),
                isPlainIPv4: isIPv4 && Self.isPlainIPv4(frame, at: typeOffset &+ 2))
        }
    }
}

/// Owns the memory of ``Sightings`` and changes what is watched for. One thread of the control plane at a time.
@safe
final class SightingTable: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): changed under the backend's lock; the cells are atomic.
    let sightings: UnsafeMutablePointer<Sightings>
    private let size: Int

    /// Room for at least `capacity` keys.
    init(capacity: Int) {
        var size = 64
        while size < capacity * 4 { size <<= 1 }
        self.size = size
        let cells = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: size * 4)
        for index in 0..<size * 4 { unsafe (cells + index).initialize(to: Atomic(0)) }
        unsafe sightings = .allocate(capacity: 1)
        unsafe sightings.initialize(to: Sightings(cells: cells, mask: size - 1))
    }

    deinit {
        unsafe sightings.pointee.cells.deinitialize(count: size * 4)
        unsafe sightings.pointee.cells.deallocate()
        unsafe sightings.deallocate()
    }

    /// Watches for `key` from now on. False when it is watched already or there is no room for it.
    func insert(_ key: SightingKey) -> Bool {
        guard key.rawValue != 0, key.rawValue != Sightings.removed, place(of: key) == nil else { return false }
        let table = unsafe sightings.pointee
        let home = table.home(of: key.rawValue)
        for step in 0..<Sightings.reach {
            let place = (home + step) & table.mask
            let found = table.key(at: place)
            guard found == 0 || found == Sightings.removed else { continue }
            // The count first: the key's release publishes it.
            unsafe table.cells[place * 4 + 1].store(0, ordering: .relaxed)
            unsafe table.cells[place * 4 + 2].store(0, ordering: .relaxed)
            unsafe table.cells[place * 4].store(key.rawValue, ordering: .releasing)
            return true
        }
        return false
    }

    func remove(_ key: SightingKey) {
        guard let place = place(of: key) else { return }
        let table = unsafe sightings.pointee
        unsafe table.cells[place * 4].store(Sightings.removed, ordering: .releasing)
        // A search ends at an empty place, so marks of removal right before one are not needed.
        var last = place
        while table.key(at: (last + 1) & table.mask) == 0, table.key(at: last) == Sightings.removed {
            unsafe table.cells[last * 4].store(0, ordering: .releasing)
            last = (last + table.mask) & table.mask
        }
    }

    /// Frames seen since `key` was inserted; nil when it is not watched.
    func count(of key: SightingKey) -> SightingCount? {
        place(of: key).map { unsafe sightings.pointee.count(at: $0) }
    }

    private func place(of key: SightingKey) -> Int? {
        let table = unsafe sightings.pointee
        let home = table.home(of: key.rawValue)
        for step in 0..<Sightings.reach {
            let place = (home + step) & table.mask
            let found = table.key(at: place)
            if found == key.rawValue { return place }
            if found == 0 { return nil }
        }
        return nil
    }
}
