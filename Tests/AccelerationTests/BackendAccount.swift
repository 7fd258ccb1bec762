// SPDX-License-Identifier: BSD-3-Clause

import Testing

@testable import Acceleration

/// Keeps the books of what a backend's host set up, and records an issue when an action breaks a law.
struct BackendAccount {
    enum Owed {
        case allocation, ruleCreation, ruleRemoval, holdEngaging, holdReleasing
    }

    private(set) var allocations = 0
    private(set) var reclaims = 0
    private(set) var quarantines = 0
    private(set) var rulesCreated = 0
    private(set) var rulesDestroyed = 0
    private(set) var holdsEngaged = 0
    private(set) var holdsReleased = 0
    private(set) var connections = 0

    /// Answers that the host owes the machine.
    var owed: [Owed] = []
    private(set) var vi: UInt32?
    private(set) var hasRule = false
    private(set) var hasHold = false
    /// The frontend was told of the VI and did not let go of it yet.
    private(set) var mayBeTouched = false
    private var isOpen = false
    private var fence: UInt32?
    private var isFenceReached = false
    private var isFenceSent = false
    /// Some time limit ran out, or the frontend gave up: that may have been the fence's.
    private var isFenceLate = false
    private var isProven = false

    /// Nothing is set up, and nothing is owed.
    var isEmpty: Bool { vi == nil && !hasRule && !hasHold && owed.isEmpty }

    var isBalanced: Bool {
        allocations == reclaims + quarantines && rulesCreated == rulesDestroyed && holdsEngaged == holdsReleased
    }

    mutating func willHandle(_ event: BackendEvent) {
        switch event {
        case .virtualInterface(let allocation):
            guard answer(.allocation) else { break }
            if case .allocated(let id, _, _) = allocation {
                allocations += 1
                vi = id
                mayBeTouched = false
            }
        case .rule(.created):
            guard answer(.ruleCreation) else { break }
            rulesCreated += 1
            hasRule = true
        case .rule(.failed):
            _ = answer(.ruleCreation)
        case .rule(.removed):
            guard answer(.ruleRemoval) else { break }
            rulesDestroyed += 1
            hasRule = false
        case .hold(.engaged):
            guard answer(.holdEngaging) else { break }
            holdsEngaged += 1
            hasHold = true
        case .hold(.released):
            guard answer(.holdReleasing) else { break }
            holdsReleased += 1
            hasHold = false
        case .message(.opened(let id)) where id == vi:
            isOpen = true
        case .message(.closed(let id)) where id == vi:
            mayBeTouched = false
        case .message(.openFailed(let id, _)) where id == vi && !isOpen:
            mayBeTouched = false
        case .message(.proven(let id)) where id == vi:
            isProven = true
        case .message(.fenceReached(let id, let sequence, _)) where id == vi && sequence == fence:
            isFenceReached = true
            isFenceSent = true
        case .fenceSent(let sequence) where sequence == fence:
            isFenceSent = true
        case .tick, .message(.fenceExpired):
            isFenceLate = true
        case .guestGone:
            mayBeTouched = false
        default:
            break
        }
    }

    private mutating func answer(_ kind: Owed) -> Bool {
        guard let index = owed.firstIndex(of: kind) else { return false }
        owed.remove(at: index)
        return true
    }

    private func law(_ holds: Bool, _ text: Comment) {
        if !holds { Issue.record(text) }
    }

    mutating func did(_ action: BackendAction) {
        switch action {
        case .allocateVI:
            law(vi == nil && !owed.contains(.allocation), "a second VI")
            owed.append(.allocation)
        case .send(.grant(let id, _, _, _)):
            law(vi == id, "a grant of what we do not have")
            mayBeTouched = true
            (isOpen, fence, isFenceReached, isProven) = (false, nil, false, false)
        case .createRule:
            (isFenceSent, isFenceLate) = (false, false)
            law(vi != nil && mayBeTouched && !hasRule && owed.isEmpty, "a rule to nowhere")
            owed.append(.ruleCreation)
        case .destroyRule:
            law(hasRule && !owed.contains(.ruleRemoval), "no rule to destroy")
            owed.append(.ruleRemoval)
        case .sendFence(let sequence):
            law(hasRule, "a fence before the rule")
            fence = sequence
        case .engageHold:
            law(isFenceSent || isFenceLate, "a hold before the fence")
            law(!hasHold && hasRule, "a hold twice, or without a rule")
            owed.append(.holdEngaging)
        case .releaseHold:
            law(hasHold && !owed.contains(.holdReleasing) && !hasRule, "no hold to release, or still steered")
            owed.append(.holdReleasing)
        case .reclaimVI:
            law(vi != nil && !mayBeTouched, "reclaimed a VI that may be touched")
            law(!hasRule && !hasHold && owed.isEmpty, "reclaimed before the rule and the hold were gone")
            reclaims += 1
            vi = nil
        case .quarantineVI:
            law(vi != nil && mayBeTouched, "quarantined a VI that could be reclaimed")
            law(!hasRule && !owed.contains(.ruleCreation), "quarantined a VI that is steered to")
            quarantines += 1
            vi = nil
        case .stateChanged(.connected):
            law(hasRule && isFenceReached && isProven, "connected without rule, fence and proof")
            connections += 1
        case .stateChanged(.none), .stateChanged(.offered), .stateChanged(.refused):
            law(isEmpty || (vi == nil && owed == [.allocation]), "at rest with something set up")
        case .stateChanged, .send:
            break
        }
    }
}
