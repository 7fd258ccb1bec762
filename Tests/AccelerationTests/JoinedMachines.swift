// SPDX-License-Identifier: BSD-3-Clause

import Dataplane
import Testing
import Wire

@testable import Acceleration

/// Two machines, each with a host that answers late and in any order, joined by a link that is full now and then.
struct JoinedMachines {
    var random: SplitMix64
    var now: UInt64 = 1
    var backend: BackendMachine
    var frontend = FrontendMachine()
    var account = BackendAccount()

    /// What the plugin holds open, and what it was told to open.
    private(set) var openVI: UInt32?
    private(set) var opens = 0
    private(set) var closes = 0
    /// How often the host of a machine may answer badly: once in so many.
    var troubleOneIn = Int.max

    private let backendLink: ReluctantControlLink
    private let frontendLink: ReluctantControlLink
    private var backendOutbox = ControlOutbox()
    private var frontendOutbox = ControlOutbox()
    private var backendAnswers: [BackendEvent] = []
    private var frontendAnswers: [FrontendEvent] = []
    private var fenceOnItsWay: (id: UInt32, sequence: UInt32)?
    private var openingVI: UInt32?
    private var lastID: UInt32 = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        let pair = InMemoryControlLink.makePair()
        backendLink = ReluctantControlLink(pair.backend, seed: seed &+ 1)
        frontendLink = ReluctantControlLink(pair.frontend, seed: seed &+ 2)
        backend = BackendMachine(
            BackendMachine.Configuration(
                mac: MACAddress(rawValue: 0x0200_0000_0001), plugin: "vi", maximumStash: 64,
                settleNanoseconds: 1_000))
    }

    /// Nothing is set up on either side, and nothing is under way.
    var isAtRest: Bool {
        account.isEmpty && openVI == nil && openingVI == nil && backendAnswers.isEmpty && frontendAnswers.isEmpty
            && backendOutbox.count == 0 && frontendOutbox.count == 0 && frontend.grantID == nil
            && frontend.postponedOffer == nil
    }

    mutating func tellBackend(_ event: BackendEvent) {
        account.willHandle(event)
        for action in backend.handle(event, now: now) {
            if action == .reclaimVI, let openVI, openVI == account.vi {
                Issue.record("reclaimed VI \(openVI) while the plugin polls it")
            }
            account.did(action)
            carryOut(action)
        }
    }

    mutating func tellFrontend(_ event: FrontendEvent) {
        for action in frontend.handle(event, now: now) { carryOut(action) }
    }

    private mutating func isTrouble() -> Bool { troubleOneIn < Int.max && random.oneIn(troubleOneIn) }

    private mutating func carryOut(_ action: BackendAction) {
        switch action {
        case .send(let message):
            let result = backendOutbox.send(message, over: backendLink)
            if result != .sent && result != .full { Issue.record("\(message): \(result)") }
        case .allocateVI:
            lastID += 1
            backendAnswers.append(
                .virtualInterface(
                    isTrouble()
                        ? .unavailable(AccelerationReason(.noFreeVI))
                        : .allocated(id: lastID, .device(devargs: "vi\(lastID)"), fenceNonce: 1)))
        case .createRule:
            backendAnswers.append(
                .rule(isTrouble() ? .failed(AccelerationReason(.ruleRefused)) : .created))
        case .destroyRule: backendAnswers.append(.rule(.removed))
        case .engageHold: backendAnswers.append(.hold(.engaged))
        case .releaseHold: backendAnswers.append(.hold(.released))
        case .sendFence(let sequence):
            backendAnswers.append(.fenceSent(sequence: sequence))
            if let id = account.vi { fenceOnItsWay = (id, sequence) }
        case .reclaimVI, .quarantineVI, .stateChanged:
            break
        }
    }

    private mutating func carryOut(_ action: FrontendAction) {
        switch action {
        case .send(let message):
            let result = frontendOutbox.send(message, over: frontendLink)
            if result != .sent && result != .full { Issue.record("\(message): \(result)") }
        case .openVI(let id, _, _, _):
            if openVI != nil || openingVI != nil { Issue.record("two VIs at once") }
            if isTrouble() {
                frontendAnswers.append(.openFailed(AccelerationReason(.openFailed)))
            } else {
                openingVI = id
                frontendAnswers.append(.opened)
            }
        case .beginDrain:
            frontendAnswers.append(.viDrained)
        case .closeVI(let isForced):
            if isForced { frontendAnswers.removeAll { $0 == .viDrained } }
            frontendAnswers.append(.viClosed)
        case .beginStash, .updateLocalAddresses, .transmitFenceConfirmed, .flows, .stateChanged:
            break
        }
    }

    /// Lets one thing happen that is due, chosen at random.
    mutating func step() {
        now += random.next() % 20_000
        switch random.below(8) {
        case 0:
            if !backendAnswers.isEmpty {
                tellBackend(backendAnswers.remove(at: random.below(backendAnswers.count)))
            }
        case 1:
            if !frontendAnswers.isEmpty { answerFrontend() }
        case 2:
            backendOutbox.flush(over: backendLink)
            for receipt in backendLink.receive(limit: 3) {
                switch receipt {
                case .message(let message): tellBackend(.message(message))
                case .violation(let error): Issue.record("\(error)")
                }
            }
        case 3:
            frontendOutbox.flush(over: frontendLink)
            for receipt in frontendLink.receive(limit: 3) {
                switch receipt {
                case .message(let message): tellFrontend(.message(message))
                case .violation(let error): Issue.record("\(error)")
                }
            }
        case 4:
            tellBackend(.candidateSeen)
        case 5:
            if account.hasRule, openVI != nil, openVI == account.vi { tellFrontend(.firstFrameSeen) }
        case 6:
            if let fence = fenceOnItsWay, fence.id == openVI {
                fenceOnItsWay = nil
                tellFrontend(
                    isTrouble() ? .fenceExpired : .fenceArrived(sequence: fence.sequence, stashed: 2))
            }
        default:
            tick()
        }
    }

    mutating func tick() {
        if let deadline = backend.nextDeadline, now >= deadline { tellBackend(.tick) }
        if let deadline = frontend.nextDeadline, now >= deadline { tellFrontend(.tick) }
    }

    private mutating func answerFrontend() {
        let answer = frontendAnswers.remove(at: random.below(frontendAnswers.count))
        switch answer {
        case .opened:
            openVI = openingVI
            openingVI = nil
            opens += 1
        case .viClosed:
            openVI = nil
            closes += 1
        default:
            break
        }
        tellFrontend(answer)
    }

    /// The guest dies, its VI with it; a new one takes its place.
    mutating func replaceGuest() {
        if openVI != nil { closes += 1 }
        (openVI, openingVI, fenceOnItsWay) = (nil, nil, nil)
        frontendAnswers = []
        frontendOutbox.removeAll()
        backendOutbox.removeAll()
        backendLink.reset()
        frontend = FrontendMachine()
        tellBackend(.guestGone)
    }
}
