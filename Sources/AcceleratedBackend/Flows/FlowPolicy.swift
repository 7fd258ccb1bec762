// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation

/// Decides which flows get the few rules of a port: the heaviest ones of each vif, within its fair share.
///
/// A pure value that is told what was seen and how late it is. What counts for a flow without a rule is what netback saw of it;
/// for one with a rule what its frontend reports. That is a hint from a guest: it ranks flows within the vif's own share, which is
/// computed without it.
struct FlowPolicy: Sendable {
    typealias VifID = UInt32

    /// What should become of a vif's flows: one batch.
    struct Change: Sendable, Equatable {
        var adds: [FlowEntry] = []
        var removes: [UInt32] = []

        var isEmpty: Bool { adds.isEmpty && removes.isEmpty }
    }

    enum Condition: Sendable, Equatable {
        case candidate
        case adding
        case steered(since: UInt64)
        case removing
    }

    struct Flow: Sendable {
        let selector: FlowSelector
        var rate = 0.0
        var condition = Condition.candidate
        var id: UInt32 = 0
        /// When the rate was last brought up to date.
        var ratedAt: UInt64
        /// It gets no rule before.
        var barredUntil: UInt64 = 0
        /// Its rule is to go, whatever the rate.
        var isCondemned = false
    }

    struct Guest: Sendable {
        var flows: [FlowSelector: Flow] = [:]
        /// Flows that have, or are about to have or to lose, a rule.
        var numbers: [UInt32: FlowSelector] = [:]
        var observedAt: UInt64
        /// Rules that it may have, however many are free.
        var ruleLimit = Int.max
        /// A batch is under way.
        var isBusy = false
        var lastID: UInt32 = 0
    }

    var settings: FlowPolicySettings
    private(set) var counters = FlowPolicyCounters()
    private var guests: [VifID: Guest] = [:]
    private var tokens: Double
    private var refilledAt: UInt64?
    /// Whose turn is first.
    private var turn = 0
    /// As many rules as the port was found to take, until ``fullUntil``.
    private var foundLimit = Int.max
    private var fullUntil: UInt64 = 0

    init(_ settings: FlowPolicySettings) {
        self.settings = settings
        tokens = settings.insertionBurst
    }

    // MARK: Vifs

    mutating func add(vif: VifID, now: UInt64) {
        if guests[vif] == nil { guests[vif] = Guest(observedAt: now) }
    }

    mutating func remove(vif: VifID) { guests[vif] = nil }

    mutating func setRuleLimit(_ limit: Int, vif: VifID) { guests[vif]?.ruleLimit = limit }

    /// Flows of the vif that have a rule, or are about to get or lose one.
    func ruleCount(of vif: VifID) -> Int { guests[vif]?.numbers.count ?? 0 }

    var ruleCount: Int { guests.values.reduce(0) { $0 + $1.numbers.count } }

    func selector(of id: UInt32, vif: VifID) -> FlowSelector? { guests[vif]?.numbers[id] }

    /// What is known of the vif's flows, the heaviest first.
    func flows(of vif: VifID) -> [Flow] { guests[vif]?.flows.values.sorted(by: Self.isHeavier) ?? [] }

    static func isHeavier(_ one: Flow, _ other: Flow) -> Bool {
        one.rate == other.rate ? one.selector < other.selector : one.rate > other.rate
    }

    // MARK: What was seen

    /// What the default queue yielded for the vif since the last call.
    mutating func observe(_ observations: [FlowObservation], vif: VifID, now: UInt64) {
        guard var guest = guests[vif] else { return }
        let elapsed = now > guest.observedAt ? now - guest.observedAt : 0
        guard elapsed > 0 else { return }
        guest.observedAt = now
        for observation in observations where guest.flows[observation.selector] == nil {
            // Rated as if it had been known, and silent, since the last look.
            guest.flows[observation.selector] = Flow(selector: observation.selector, ratedAt: now - elapsed)
        }
        var frames: [FlowSelector: UInt64] = [:]
        for observation in observations { frames[observation.selector, default: 0] += observation.frames }
        for (selector, flow) in guest.flows where flow.condition == .candidate {
            let rate = rated(flow, frames: frames[selector] ?? 0, now: now)
            if rate < settings.minimumRate / 16 && now >= flow.barredUntil {
                guest.flows[selector] = nil
            } else {
                guest.flows[selector]?.rate = rate
                guest.flows[selector]?.ratedAt = now
            }
        }
        forgetLightest(&guest)
        guests[vif] = guest
    }

    /// What the vif's frontend says its VI yielded of each flow since it last said so.
    mutating func noteHits(_ hits: [FlowHits], vif: VifID, now: UInt64) {
        for hit in hits {
            guard let selector = guests[vif]?.numbers[hit.flow], let flow = guests[vif]?.flows[selector],
                case .steered = flow.condition, now > flow.ratedAt
            else { continue }
            let rate = rated(flow, frames: UInt64(hit.frames), now: now)
            guests[vif]?.flows[selector]?.rate = rate
            guests[vif]?.flows[selector]?.ratedAt = now
        }
    }

    private func rated(_ flow: Flow, frames: UInt64, now: UInt64) -> Double {
        let elapsed = Double(now > flow.ratedAt ? now - flow.ratedAt : 0)
        guard elapsed > 0 else { return flow.rate }
        let kept = exp2(-elapsed / Double(max(settings.halfLife, 1)))
        let rate = Double(frames) * 1_000_000_000 / elapsed
        return flow.rate * kept + rate * (1 - kept)
    }

    private mutating func forgetLightest(_ guest: inout Guest) {
        let candidates = guest.flows.values.filter { $0.condition == .candidate }
        let surplus = candidates.count - settings.candidates
        guard surplus > 0 else { return }
        for flow in candidates.sorted(by: Self.isHeavier).suffix(surplus) { guest.flows[flow.selector] = nil }
    }

    /// The flow's frames still come by the default queue, or its fence did not come: its rule is to go.
    mutating func condemn(_ id: UInt32, vif: VifID) {
        guard let selector = guests[vif]?.numbers[id] else { return }
        guests[vif]?.flows[selector]?.isCondemned = true
    }

    /// The port has no room for more rules than it has now: not asked again for a while.
    mutating func foundFull(now: UInt64) {
        foundLimit = max(ruleCount - 1, 0)
        fullUntil = now + settings.pardon
    }

    // MARK: Batches

    /// How the vif's batch ended.
    mutating func completed(vif: VifID, added: [UInt32], failed: [UInt32], removed: [UInt32], now: UInt64) {
        guests[vif]?.isBusy = false
        for id in added { settle(id, vif, .steered(since: now), now) }
        for id in failed {
            counters.refused += 1
            bar(id, vif, now)
            settle(id, vif, .candidate, now)
        }
        for id in removed {
            if let selector = selector(of: id, vif: vif), guests[vif]?.flows[selector]?.isCondemned == true {
                bar(id, vif, now)
            }
            settle(id, vif, .candidate, now)
        }
        counters.added += UInt64(added.count)
        counters.removed += UInt64(removed.count)
    }

    private mutating func bar(_ id: UInt32, _ vif: VifID, _ now: UInt64) {
        guard let selector = selector(of: id, vif: vif) else { return }
        guests[vif]?.flows[selector]?.barredUntil = now + settings.pardon
    }

    private mutating func settle(_ id: UInt32, _ vif: VifID, _ condition: Condition, _ now: UInt64) {
        guard let selector = selector(of: id, vif: vif), guests[vif]?.flows[selector]?.id == id else { return }
        guests[vif]?.flows[selector]?.condition = condition
        guests[vif]?.flows[selector]?.isCondemned = false
        if condition == .candidate {
            guests[vif]?.numbers[id] = nil
            guests[vif]?.flows[selector]?.id = 0
            // It had no chance to be seen on the default queue until now.
            guests[vif]?.flows[selector]?.ratedAt = now
        }
    }

    /// The batches to start now, of vifs that have none under way.
    mutating func decide(now: UInt64) -> [(vif: VifID, change: Change)] {
        refill(now)
        let order = guests.keys.sorted()
        guard !order.isEmpty else { return [] }
        let shares = shares(now)
        var changes: [(VifID, Change)] = []
        for step in order.indices {
            let vif = order[(turn + step) % order.count]
            guard guests[vif]?.isBusy == false else { continue }
            let change = decide(vif, share: shares[vif] ?? 0, now)
            if !change.isEmpty { changes.append((vif, change)) }
        }
        turn = (turn + 1) % order.count
        return changes
    }

    private mutating func refill(_ now: UInt64) {
        let elapsed = refilledAt.map { now > $0 ? now - $0 : 0 } ?? 0
        refilledAt = now
        tokens = min(settings.insertionBurst, tokens + Double(elapsed) * settings.insertionsPerSecond / 1_000_000_000)
        if now >= fullUntil { foundLimit = .max }
    }

    /// Rules that the vif may have at most, when no other one wants any.
    func limit(of vif: VifID) -> Int { min(limit, guests[vif]?.ruleLimit ?? 0) }

    private var limit: Int { min(settings.rules, foundLimit) }

    /// Max-min fair shares of the rules: nobody gets more than it has use for, and what it leaves goes to those who have.
    func shares(_ now: UInt64) -> [VifID: Int] {
        var demands = guests.mapValues { guest in
            min(guest.flows.values.count { $0.condition != .candidate || isWorthy($0, now) }, guest.ruleLimit)
        }
        var shares = demands.mapValues { _ in 0 }
        var left = limit
        while left > 0, !demands.isEmpty {
            let each = left / demands.count
            let modest = demands.filter { $0.value <= each }
            if modest.isEmpty {
                // All want more: equal parts, and what can't be divided to the first.
                for (place, vif) in demands.keys.sorted().enumerated() {
                    shares[vif] = each + (place < left % demands.count ? 1 : 0)
                }
                break
            }
            for (vif, demand) in modest {
                shares[vif] = demand
                left -= demand
                demands[vif] = nil
            }
        }
        return shares
    }

    private func isWorthy(_ flow: Flow, _ now: UInt64) -> Bool {
        flow.condition == .candidate && flow.rate >= settings.minimumRate && now >= flow.barredUntil
    }

    private mutating func decide(_ vif: VifID, share: Int, _ now: UInt64) -> Change {
        fadeUnreported(vif, now)
        guard let guest = guests[vif] else { return Change() }
        let flows = guest.flows.values.sorted(by: Self.isHeavier)
        var leaving = Leaving(limit: settings.batch)
        // The lightest last; what leaves is taken from there.
        var steered: [Flow] = []
        for flow in flows {
            guard case .steered(let since) = flow.condition else { continue }
            let age = now > since ? now - since : 0
            if flow.isCondemned {
                if leaving.take(flow) { counters.condemned += 1 }
            } else if age >= settings.idle, age >= settings.minimumAge, flow.rate < settings.minimumRate / 4 {
                if leaving.take(flow) { counters.idle += 1 }
            } else {
                steered.append(flow)
            }
        }
        func isOldEnough(_ flow: Flow) -> Bool {
            guard case .steered(let since) = flow.condition else { return false }
            return now >= since && now - since >= settings.minimumAge
        }
        var removable = steered.filter(isOldEnough)
        var kept = guest.numbers.count - leaving.flows.count
        while kept > share, let lightest = removable.popLast(), leaving.take(lightest) {
            kept -= 1
            counters.overShare += 1
        }
        var candidates = flows.filter { isWorthy($0, now) }[...]
        var adds: [Flow] = []
        var room = min(share - kept, limit - ruleCount + leaving.flows.count)
        while let best = candidates.first, adds.count < settings.batch {
            if room > 0 {
                room -= 1
            } else if let lightest = removable.last, best.rate > lightest.rate * settings.hysteresis,
                kept <= share, leaving.flows.count < settings.batch, tokens >= 1
            {
                removable.removeLast()
                _ = leaving.take(lightest)
                counters.replaced += 1
            } else {
                break
            }
            guard tokens >= 1 else {
                counters.delayed += 1
                break
            }
            tokens -= 1
            adds.append(best)
            candidates.removeFirst()
        }
        return start(vif, adds, leaving.flows)
    }

    /// Flows that leave in one batch.
    private struct Leaving {
        let limit: Int
        var flows: [Flow] = []

        mutating func take(_ flow: Flow) -> Bool {
            guard flows.count < limit else { return false }
            flows.append(flow)
            return true
        }
    }

    private mutating func start(_ vif: VifID, _ adds: [Flow], _ removes: [Flow]) -> Change {
        var change = Change()
        for flow in removes {
            guests[vif]?.flows[flow.selector]?.condition = .removing
            change.removes.append(flow.id)
        }
        for flow in adds {
            guard var guest = guests[vif] else { continue }
            guest.lastID += 1
            guest.numbers[guest.lastID] = flow.selector
            guest.flows[flow.selector]?.id = guest.lastID
            guest.flows[flow.selector]?.condition = .adding
            change.adds.append(FlowEntry(id: guest.lastID, flow.selector))
            guests[vif] = guest
        }
        if !change.isEmpty { guests[vif]?.isBusy = true }
        return change
    }

    /// A rule of which nobody says whether it is of use fades, so that it makes room and is looked at anew.
    private mutating func fadeUnreported(_ vif: VifID, _ now: UInt64) {
        guard let flows = guests[vif]?.flows else { return }
        for (selector, flow) in flows {
            guard case .steered = flow.condition, now > flow.ratedAt, now - flow.ratedAt > 2 * settings.halfLife else { continue }
            let rate = rated(flow, frames: 0, now: now)
            guests[vif]?.flows[selector]?.rate = rate
            guests[vif]?.flows[selector]?.ratedAt = now
        }
    }
}
