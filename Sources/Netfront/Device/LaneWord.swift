// SPDX-License-Identifier: BSD-3-Clause

/// What the control plane tells a guest's lcore, as a word on a ring: the operation in the top byte, an argument below.
enum LaneCommand: Equatable {
    /// The VI is open: poll it, and keep back what it yields until the fence comes.
    case open
    /// Words that follow `open`: 32 bits each of the nonce, high half first.
    case nonceHigh(UInt32)
    case nonceLow(UInt32)
    /// How long the VI must stay empty, in microseconds.
    case settle(microseconds: UInt32)
    /// Stop sending by the VI and poll it until it stays empty.
    case drain
    /// Stop touching the VI at once; what is in the stash is delivered.
    case close
    /// The set of local addresses changed.
    case localAddressesChanged
    case transmitFenceConfirmed(sequence: UInt32)
    /// The address of a `FlowBatchOrder`, answered by `flowsBegun` and by `flowOrderTaken`.
    case beginFlows(order: UInt64)
    case flowRulesChanged(order: UInt64)

    var word: UInt64 {
        switch self {
        case .open: 1 << 56
        case .nonceHigh(let half): 2 << 56 | UInt64(half)
        case .nonceLow(let half): 3 << 56 | UInt64(half)
        case .settle(let microseconds): 4 << 56 | UInt64(microseconds)
        case .drain: 5 << 56
        case .close: 6 << 56
        case .localAddressesChanged: 7 << 56
        case .transmitFenceConfirmed(let sequence): 8 << 56 | UInt64(sequence)
        case .beginFlows(let order): 9 << 56 | order
        case .flowRulesChanged(let order): 10 << 56 | order
        }
    }

    @_noLocks
    init?(word: UInt64) {
        let argument = UInt32(truncatingIfNeeded: word)
        switch word >> 56 {
        case 1: self = .open
        case 2: self = .nonceHigh(argument)
        case 3: self = .nonceLow(argument)
        case 4: self = .settle(microseconds: argument)
        case 5: self = .drain
        case 6: self = .close
        case 7: self = .localAddressesChanged
        case 8: self = .transmitFenceConfirmed(sequence: argument)
        case 9: self = .beginFlows(order: word & 0xFF_FFFF_FFFF_FFFF)
        case 10: self = .flowRulesChanged(order: word & 0xFF_FFFF_FFFF_FFFF)
        default: return nil
        }
    }
}

/// What a guest's lcore tells the control plane.
enum LaneEvent: Equatable {
    case firstFrameSeen
    /// The fence came and the stash is out. A stash holds less than 2^24 frames.
    case fenceArrived(sequence: UInt32, stashed: UInt32)
    case fenceExpired
    /// The VI stayed empty, everything is delivered, its descriptors are done.
    case drained
    /// The VI is not touched any more.
    case closed
    /// The VI was polled for the first time since it is open: where a driver posts buffers as it is polled, they are there.
    case polled
    /// The frames of a batch's added flows are kept back from now on.
    case flowsBegun(sequence: UInt32)
    /// The rules of a batch are known.
    case flowOrderTaken
    case flowFenceArrived(sequence: UInt32, stashed: UInt32)
    case flowFenceExpired(sequence: UInt32)
    /// The VI has nothing more of a batch's removed flows.
    case flowsDrained(sequence: UInt32)

    var word: UInt64 {
        @_noLocks get {
            switch self {
            case .firstFrameSeen: 1 << 56
            case .fenceArrived(let sequence, let stashed):
                2 << 56 | UInt64(stashed & 0xFF_FFFF) << 32 | UInt64(sequence)
            case .fenceExpired: 3 << 56
            case .drained: 4 << 56
            case .closed: 5 << 56
            case .polled: 6 << 56
            case .flowsBegun(let sequence): 7 << 56 | UInt64(sequence)
            case .flowOrderTaken: 8 << 56
            case .flowFenceArrived(let sequence, let stashed):
                9 << 56 | UInt64(stashed & 0xFF_FFFF) << 32 | UInt64(sequence)
            case .flowFenceExpired(let sequence): 10 << 56 | UInt64(sequence)
            case .flowsDrained(let sequence): 11 << 56 | UInt64(sequence)
            }
        }
    }

    init?(word: UInt64) {
        switch word >> 56 {
        case 1: self = .firstFrameSeen
        case 2:
            self = .fenceArrived(
                sequence: UInt32(truncatingIfNeeded: word), stashed: UInt32(truncatingIfNeeded: word >> 32) & 0xFF_FFFF)
        case 3: self = .fenceExpired
        case 4: self = .drained
        case 5: self = .closed
        case 6: self = .polled
        case 7: self = .flowsBegun(sequence: UInt32(truncatingIfNeeded: word))
        case 8: self = .flowOrderTaken
        case 9:
            self = .flowFenceArrived(
                sequence: UInt32(truncatingIfNeeded: word), stashed: UInt32(truncatingIfNeeded: word >> 32) & 0xFF_FFFF)
        case 10: self = .flowFenceExpired(sequence: UInt32(truncatingIfNeeded: word))
        case 11: self = .flowsDrained(sequence: UInt32(truncatingIfNeeded: word))
        default: return nil
        }
    }
}
