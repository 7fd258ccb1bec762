// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Synchronization

/// The flows that are steered to a VI one by one, as the guest's lcore finds them: by a digest of their selector. Which of them
/// are under way, and how many frames of each the VI yielded.
///
/// The lcore alone changes it; the counts may be read by the control plane meanwhile. Of fixed size: as many flows as the protocol
/// allows, at most a quarter full.
@safe
struct FlowTable: ~Copyable {
    static var capacity: Int { @_noLocks get { ControlProtocol.maximumFlows * 4 } }
    private static var mask: Int { @_noLocks get { capacity - 1 } }

    /// Digests by place; 0 where there is none.
    private let digests: UnsafeMutablePointer<UInt64>
    private let ids: UnsafeMutablePointer<UInt32>
    /// The sequence of the batch that a place's flow is under way with, or 0.
    private let gates: UnsafeMutablePointer<UInt32>
    let hits: FlowHitCells
    private let seed: UInt64
    private(set) var count = 0

    init() {
        unsafe digests = .allocate(capacity: Self.capacity)
        unsafe digests.initialize(repeating: 0, count: Self.capacity)
        unsafe ids = .allocate(capacity: Self.capacity)
        unsafe ids.initialize(repeating: 0, count: Self.capacity)
        unsafe gates = .allocate(capacity: Self.capacity)
        unsafe gates.initialize(repeating: 0, count: Self.capacity)
        hits = .allocate(count: Self.capacity)
        seed = .random(in: 0 ... .max)
    }

    deinit {
        unsafe digests.deallocate()
        unsafe ids.deallocate()
        unsafe gates.deallocate()
        hits.deallocate()
    }

    /// Where the flow is; nil when it is none of these.
    @_noLocks
    mutating func place(of selector: FlowSelector) -> Int? {
        let digest = selector.digest(seed: seed)
        var place = Int(truncatingIfNeeded: digest) & Self.mask
        while true {
            let found = unsafe digests[place]
            if found == digest { return place }
            if found == 0 { return nil }
            place = (place &+ 1) & Self.mask
        }
    }

    /// Whether the flow at `place` is under way, so that its frames are kept back.
    @inline(__always) @_noLocks
    func isGated(_ place: Int) -> Bool { unsafe gates[place & Self.mask] != 0 }

    @inline(__always) @_noLocks
    func id(at place: Int) -> UInt32 { unsafe ids[place & Self.mask] }

    /// A flow that is under way with that batch; false when there is no room, which an honest control plane never comes to.
    @_noLocks
    mutating func insert(_ selector: FlowSelector, id: UInt32, gate: UInt32) -> Bool {
        guard count < ControlProtocol.maximumFlows else { return false }
        let digest = selector.digest(seed: seed)
        var place = Int(truncatingIfNeeded: digest) & Self.mask
        while unsafe digests[place] != 0 {
            if unsafe digests[place] == digest { return false }
            place = (place &+ 1) & Self.mask
        }
        unsafe digests[place] = digest
        unsafe ids[place] = id
        unsafe gates[place] = gate
        hits.assign(id, to: place)
        count += 1
        return true
    }

    @_noLocks
    mutating func remove(_ selector: FlowSelector) {
        guard var hole = place(of: selector) else { return }
        count -= 1
        // What was pushed on by the one that leaves moves back, so that no search ends too early.
        var place = hole
        while true {
            place = (place &+ 1) & Self.mask
            let digest = unsafe digests[place]
            if digest == 0 { break }
            let home = Int(truncatingIfNeeded: digest) & Self.mask
            // Its home lies behind the hole (seen in a circle): it may stay.
            if ((place &- home) & Self.mask) < ((place &- hole) & Self.mask) { continue }
            unsafe digests[hole] = digest
            unsafe ids[hole] = ids[place]
            unsafe gates[hole] = gates[place]
            hits.move(from: place, to: hole)
            hole = place
        }
        unsafe digests[hole] = 0
        unsafe ids[hole] = 0
        unsafe gates[hole] = 0
        hits.assign(0, to: hole)
    }

    /// No flow of that batch is under way any more.
    @_noLocks
    mutating func open(_ selector: FlowSelector) {
        if let place = place(of: selector) { unsafe gates[place] = 0 }
    }

    @_noLocks
    mutating func removeAll() {
        guard count > 0 else { return }
        var place = 0
        while place < Self.capacity {
            unsafe digests[place] = 0
            unsafe ids[place] = 0
            unsafe gates[place] = 0
            hits.assign(0, to: place)
            place += 1
        }
        count = 0
    }
}

/// Frames of each flow, counted by the guest's lcore and read by the control plane: a word that holds the flow's number and the
/// count, so that neither is taken for another's.
@safe
struct FlowHitCells: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): atomic cells; the device owns the memory.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    let count: Int

    static func allocate(count: Int) -> FlowHitCells {
        let cells = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: count)
        for index in 0..<count { unsafe (cells + index).initialize(to: Atomic(0)) }
        return unsafe FlowHitCells(cells: cells, count: count)
    }

    func deallocate() {
        unsafe cells.deinitialize(count: count)
        unsafe cells.deallocate()
    }

    /// - Lcore: the only writer.
    @_noLocks
    func assign(_ id: UInt32, to place: Int) {
        let cell = unsafe cells + place
        unsafe cell.pointee.store(UInt64(id) << 32, ordering: .relaxed)
    }

    @_noLocks
    func move(from place: Int, to other: Int) {
        let old = unsafe cells + place
        let new = unsafe cells + other
        unsafe new.pointee.store(old.pointee.load(ordering: .relaxed), ordering: .relaxed)
    }

    @_noLocks
    func add(_ frames: UInt32, at place: Int) {
        let cell = unsafe cells + place
        let word = unsafe cell.pointee.load(ordering: .relaxed)
        let sum = UInt64(UInt32(truncatingIfNeeded: word) &+ frames)
        unsafe cell.pointee.store(word & 0xFFFF_FFFF_0000_0000 | sum, ordering: .relaxed)
    }

    /// What each flow had so far, modulo 2^32. For the control plane.
    var totals: [UInt32: UInt32] {
        var totals: [UInt32: UInt32] = [:]
        for index in 0..<count {
            let word = unsafe cells[index].load(ordering: .relaxed)
            let id = UInt32(truncatingIfNeeded: word >> 32)
            if id != 0 { totals[id] = UInt32(truncatingIfNeeded: word) }
        }
        return totals
    }
}
