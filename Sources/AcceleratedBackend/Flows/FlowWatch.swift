// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Synchronization
import Wire

/// What the default queue's lcore does with each burst: counts sightings and, for vifs whose flows are steered one by one, flows.
///
/// A frame counts for the vif whose MAC it has as its destination, and for no other, whatever its IP address.
@safe
struct FlowWatch: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): atomic cells and what they publish; `FlowWatchTable` owns the memory.

    let sightings: UnsafeMutablePointer<Sightings>
    /// Vifs with flows: a count.
    let active: UnsafeMutablePointer<Atomic<UInt64>>
    /// By place: where the vif with that MAC is, 0 for none, all ones for one that is gone.
    let macs: UnsafeMutablePointer<Atomic<UInt64>>
    let vifs: UnsafeMutablePointer<WatchedVif?>
    let mask: Int

    static var removed: UInt64 { @_noLocks get { .max } }

    @_noLocks
    func home(of mac: UInt64) -> Int { Int(truncatingIfNeeded: (mac &* 0x9E37_79B9_7F4A_7C15) >> 40) & mask }

    @_noLocks
    func look(at burst: BorrowedBurst) {
        unsafe sightings.pointee.look(at: burst)
        if unsafe active.pointee.load(ordering: .acquiring) == 0 { return }
        var run = Run()
        var index = 0
        while index < burst.count {
            look(at: burst[index].bytes, in: &run)
            index += 1
        }
    }

    /// Frames of a burst to one MAC, which is looked up once for them.
    struct Run {
        fileprivate var mac = UInt64.max
        fileprivate var vif: WatchedVif?
        @_noLocks init() {}
    }

    @_noLocks
    func look(at frame: ByteView, in run: inout Run) {
        guard frame.count >= 34 else { return }
        let mac = frame.mac(at: 0).rawValue
        if mac != run.mac {
            run.mac = mac
            run.vif = vif(mac)
            run.vif?.sketch.beginBurst()
        }
        if let vif = run.vif, let selector = FlowSelector(plain: frame) { vif.count(selector) }
    }

    @_noLocks
    private func vif(_ mac: UInt64) -> WatchedVif? {
        var place = home(of: mac)
        var step = 0
        while step < Sightings.reach {
            let found = unsafe macs[place].load(ordering: .acquiring)
            if found == mac { return unsafe vifs[place] }
            if found == 0 { return nil }
            place = (place &+ 1) & mask
            step += 1
        }
        return nil
    }
}

/// What the lcore counts of one vif's flows.
@safe
struct WatchedVif: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): atomic cells, and a sketch with a protocol of its own.
    let sketch: FlowSketch
    /// Flows that are steered, by digest: what comes of them by the default queue all the same.
    let steered: UnsafeMutablePointer<Sightings>
    let seed: UInt64

    @_noLocks
    func count(_ selector: FlowSelector) {
        if unsafe steered.pointee.sawIfWatched(SightingKey(digest: selector.digest(seed: seed))) { return }
        sketch.count(selector)
    }
}

extension SightingKey {
    /// A flow's digest in place of an address.
    @_noLocks
    init(digest: UInt64) { rawValue = digest }
}

extension Sightings {
    /// As `saw`; whether the key is watched.
    @_noLocks
    func sawIfWatched(_ key: SightingKey) -> Bool {
        var place = home(of: key.rawValue)
        var step = 0
        while step < Self.reach {
            let found = self.key(at: place)
            if found == key.rawValue {
                saw(key, isPlainIPv4: false)
                return true
            }
            if found == 0 { return false }
            place = (place &+ 1) & mask
            step += 1
        }
        return false
    }
}

/// A vif's flows as the control plane sees them.
final class FlowMeter {
    let sketch: FlowSketchTable
    private let steered = SightingTable(capacity: ControlProtocol.maximumFlows)
    private let seed = UInt64.random(in: 0 ... .max)

    init(capacity: Int) { sketch = FlowSketchTable(capacity: capacity) }

    var watched: WatchedVif { unsafe WatchedVif(sketch: sketch.sketch, steered: steered.sightings, seed: seed) }

    private func key(_ selector: FlowSelector) -> SightingKey { SightingKey(digest: selector.digest(seed: seed)) }

    func noteSteered(_ selector: FlowSelector) { _ = steered.insert(key(selector)) }
    func noteUnsteered(_ selector: FlowSelector) { steered.remove(key(selector)) }
    /// Frames of a steered flow by the default queue; nil where there is no place to count them.
    func leaks(of selector: FlowSelector) -> UInt64? { steered.count(of: key(selector))?.all }
}

/// Owns the memory of ``FlowWatch``. Vifs are taken out only while no hot hook runs, as when they are probed and removed.
@safe
final class FlowWatchTable: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): used under the backend's lock; see `FlowWatch` for what the lcore shares.
    let watch: UnsafeMutablePointer<FlowWatch>
    private let size: Int
    private var meters: [UInt64: FlowMeter] = [:]

    init(_ sightings: UnsafeMutablePointer<Sightings>, maximumVifs: Int) {
        var size = 64
        while size < maximumVifs * 4 { size <<= 1 }
        self.size = size
        let macs = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: size)
        for index in 0..<size { unsafe (macs + index).initialize(to: Atomic(0)) }
        let vifs = UnsafeMutablePointer<WatchedVif?>.allocate(capacity: size)
        unsafe vifs.initialize(repeating: nil, count: size)
        let active = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 1)
        unsafe active.initialize(to: Atomic(0))
        unsafe watch = .allocate(capacity: 1)
        unsafe watch.initialize(to: FlowWatch(sightings: sightings, active: active, macs: macs, vifs: vifs, mask: size - 1))
    }

    deinit {
        unsafe watch.pointee.macs.deinitialize(count: size)
        unsafe watch.pointee.macs.deallocate()
        unsafe watch.pointee.vifs.deallocate()
        unsafe watch.pointee.active.deallocate()
        unsafe watch.deallocate()
    }

    /// Counts flows to `mac` from now on; nil when there is no place for it.
    func meter(mac: UInt64, capacity: Int) -> FlowMeter? {
        if let meter = meters[mac] { return meter }
        let table = unsafe watch.pointee
        for step in 0..<Sightings.reach {
            let place = (table.home(of: mac) + step) & table.mask
            let found = unsafe table.macs[place].load(ordering: .relaxed)
            guard found == 0 || found == FlowWatch.removed else { continue }
            let meter = FlowMeter(capacity: capacity)
            meters[mac] = meter
            unsafe table.vifs[place] = meter.watched
            unsafe table.macs[place].store(mac, ordering: .releasing)
            unsafe table.active.pointee.store(UInt64(meters.count), ordering: .releasing)
            return meter
        }
        return nil
    }

    /// While no hot hook runs.
    func remove(mac: UInt64) {
        guard meters.removeValue(forKey: mac) != nil else { return }
        let table = unsafe watch.pointee
        for step in 0..<Sightings.reach {
            let place = (table.home(of: mac) + step) & table.mask
            guard unsafe table.macs[place].load(ordering: .relaxed) == mac else { continue }
            unsafe table.macs[place].store(FlowWatch.removed, ordering: .releasing)
            unsafe table.vifs[place] = nil
        }
        unsafe table.active.pointee.store(UInt64(meters.count), ordering: .releasing)
    }
}
