// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Synchronization
import Wire

/// The heaviest flows of one vif on the default queue, as far as a table of fixed size can tell.
///
/// Space-saving (Metwally, Agrawal, El Abbadi 2005) in sets of eight: a flow hashes to one set, and when that is full it takes
/// the place of the lightest flow there, with that one's count as its possible error. So a frame costs one digest and eight
/// comparisons, and who floods a set with new flows displaces only its lightest.
///
/// Two windows, of which the lcore counts in one while the control plane reads and clears the other: nothing is torn and no
/// frame waits. The control plane asks for the other window; the lcore changes over at its next burst and says so.
@safe
struct FlowSketch: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): each window has one user at a time, by the two atomic words; `FlowSketchTable` owns the memory.

    struct Entry {
        var selector: FlowSelector
        var count: UInt32
        /// How much of the count may be another flow's.
        var error: UInt32

        static var empty: Entry {
            Entry(selector: FlowSelector(IPv4Address.unspecified, .udp, port: 0), count: 0, error: 0)
        }
    }

    /// Entries of a set.
    static var ways: Int { @_noLocks get { 8 } }

    let windows: (UnsafeMutablePointer<Entry>, UnsafeMutablePointer<Entry>)
    /// Sets of a window, less one.
    let mask: Int
    let seed: UInt64
    /// Which window the lcore is to count in, and which one it does count in.
    let wanted: UnsafeMutablePointer<Atomic<UInt64>>
    let used: UnsafeMutablePointer<Atomic<UInt64>>

    /// Changes over to the other window if the control plane wants that; called before the vif's frames of a burst.
    @_noLocks
    func beginBurst() {
        let wanted = unsafe wanted.pointee.load(ordering: .acquiring)
        let used = unsafe used
        if unsafe used.pointee.load(ordering: .relaxed) != wanted {
            unsafe used.pointee.store(wanted, ordering: .releasing)
        }
    }

    /// Counts a frame of that flow.
    ///
    /// - Lcore: one, between two calls of ``beginBurst()``.
    @_noLocks
    func count(_ selector: FlowSelector) {
        let isSecond = unsafe used.pointee.load(ordering: .relaxed) & 1 == 1
        let window = unsafe isSecond ? windows.1 : windows.0
        let place = Int(truncatingIfNeeded: selector.digest(seed: seed)) & mask
        let set = unsafe window + place &* Self.ways
        var lightest = 0
        var way = 0
        while way < Self.ways {
            let entry = unsafe set + way
            let count = unsafe entry.pointee.count
            if unsafe count > 0 && entry.pointee.selector == selector {
                unsafe entry.pointee.count = count == .max ? count : count + 1
                return
            }
            if unsafe count < set[lightest].count { lightest = way }
            way += 1
        }
        let entry = unsafe set + lightest
        let displaced = unsafe entry.pointee.count
        unsafe entry.pointee.selector = selector
        unsafe entry.pointee.error = displaced
        unsafe entry.pointee.count = displaced == .max ? displaced : displaced + 1
    }
}

/// A flow's frames in one window.
struct FlowObservation: Sendable, Equatable {
    let selector: FlowSelector
    /// At least so many.
    let frames: UInt64
}

/// Owns the memory of a ``FlowSketch`` and reads it. One thread of the control plane at a time.
@safe
final class FlowSketchTable: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): used under the backend's lock; see `FlowSketch` for what the lcore shares.
    let sketch: FlowSketch
    private let size: Int

    /// Room for at least `capacity` flows in each window.
    init(capacity: Int, seed: UInt64 = .random(in: 0 ... .max)) {
        var sets = 1
        while sets * FlowSketch.ways < capacity { sets <<= 1 }
        let size = sets * FlowSketch.ways
        self.size = size
        func window() -> UnsafeMutablePointer<FlowSketch.Entry> {
            let window = UnsafeMutablePointer<FlowSketch.Entry>.allocate(capacity: size)
            unsafe window.initialize(repeating: .empty, count: size)
            return unsafe window
        }
        func word() -> UnsafeMutablePointer<Atomic<UInt64>> {
            let word = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 1)
            unsafe word.initialize(to: Atomic(0))
            return unsafe word
        }
        unsafe sketch = FlowSketch(
            windows: (window(), window()), mask: sets - 1, seed: seed, wanted: word(), used: word())
    }

    deinit {
        unsafe sketch.windows.0.deallocate()
        unsafe sketch.windows.1.deallocate()
        unsafe sketch.wanted.deallocate()
        unsafe sketch.used.deallocate()
    }

    /// Flows that one window holds at most.
    var capacity: Int { size }

    /// What was counted since the call before the last one; nil while the lcore has not changed over since that (no frame
    /// came, so there is nothing to read either).
    func takeWindow() -> [FlowObservation]? {
        let wanted = unsafe sketch.wanted.pointee.load(ordering: .relaxed)
        guard unsafe sketch.used.pointee.load(ordering: .acquiring) == wanted else { return nil }
        // The lcore counts in the window `wanted`, so the other one is ours: read before, and clean. Let it have that one,
        // and read this one once it has changed over.
        let idle = unsafe wanted & 1 == 1 ? sketch.windows.0 : sketch.windows.1
        var observations: [FlowObservation] = []
        for place in 0..<size {
            let entry = unsafe idle[place]
            guard entry.count > 0 else { continue }
            unsafe idle[place].count = 0
            if entry.count > entry.error {
                observations.append(FlowObservation(selector: entry.selector, frames: UInt64(entry.count - entry.error)))
            }
        }
        unsafe sketch.wanted.pointee.store(wanted &+ 1, ordering: .releasing)
        return observations
    }
}
