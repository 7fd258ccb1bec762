// SPDX-License-Identifier: BSD-3-Clause

import Foundation
import Testing
import Wire

@testable import Acceleration

@Suite struct InMemoryControlLinkTests {
    private func addresses(_ generation: UInt64) -> ControlMessage {
        .localAddresses(generation: generation, [MACAddress(rawValue: 0x0200_0000_0000 | generation)])
    }

    @Test func messagesArriveInOrderBothWays() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        for id in UInt32(1)...5 {
            #expect(backend.send(.rulesRemoved(id: id)) == .sent)
            #expect(frontend.send(.drained(id: id)) == .sent)
        }
        #expect(frontend.receive(limit: 9) == (1...5).map { .message(.rulesRemoved(id: $0)) })
        #expect(backend.receive(limit: 9) == (1...5).map { .message(.drained(id: $0)) })
        #expect(backend.receive() == nil)
    }

    @Test func aFullDirectionPushesBackAndLosesNothing() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        for id in UInt32(1)...64 { #expect(frontend.send(.closed(id: id)) == .sent) }
        #expect(frontend.send(.closed(id: 65)) == .full)
        #expect(backend.send(.rulesRemoved(id: 1)) == .sent)
        #expect(backend.receive() == .message(.closed(id: 1)))
        #expect(frontend.send(.closed(id: 65)) == .sent)
        #expect(backend.receive(limit: 100).last == .message(.closed(id: 65)))
    }

    @Test func oneScanIsBounded() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        for id in UInt32(1)...20 { _ = frontend.send(.closed(id: id)) }
        #expect(backend.receive(limit: 8).count == 8)
        #expect(backend.receive(limit: 0).isEmpty)
        #expect(backend.receive(limit: 64).count == 12)
    }

    @Test func newestLocalAddressesFindRoomInAFullLinkAndReplaceOlderOnes() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        for id in UInt32(1)...64 { _ = backend.send(.rulesRemoved(id: id)) }
        #expect(backend.send(addresses(1)) == .sent)
        #expect(backend.send(addresses(3)) == .sent)
        #expect(backend.send(addresses(2)) == .sent)
        let receipts = frontend.receive(limit: 100)
        #expect(receipts.first == .message(addresses(3)))
        #expect(receipts.count == 65)
        #expect(frontend.receive() == nil)
    }

    @Test func localAddressesComeAgainAfterAReset() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        _ = backend.send(addresses(7))
        _ = backend.send(.rulesRemoved(id: 1))
        _ = frontend.receive(limit: 9)
        _ = backend.send(.rulesRemoved(id: 2))
        frontend.reset()
        #expect(frontend.receive(limit: 9) == [.message(addresses(7))])
    }

    @Test func aViolationIsReportedOnceAndEndsThatDirectionOnly() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        #expect(frontend.send(encoded: [0xAC, 1, 0x77, 0, 0, 0]) == .sent)
        #expect(frontend.send(.closed(id: 1)) == .sent)
        #expect(backend.receive(limit: 9) == [.violation(.unknownType(0x77))])
        #expect(frontend.send(.closed(id: 2)) == .refused)
        #expect(backend.receive() == nil)
        #expect(backend.send(.revoke(id: 1, AccelerationReason(.protocolViolation))) == .sent)
        #expect(frontend.receive(limit: 9).count == 1)
        backend.reset()
        #expect(frontend.send(.closed(id: 3)) == .sent)
        #expect(backend.receive(limit: 9) == [.message(.closed(id: 3))])
    }

    @Test func anEndlessMessageIsAViolationAndNotKept() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        _ = frontend.send(encoded: [UInt8](repeating: 0, count: 1_000_000))
        #expect(backend.receive() == .violation(.tooLong))
    }

    @Test func messagesOfTheOtherSideOrOverALimitAreNotSent() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        #expect(frontend.send(.rulesRemoved(id: 1)) == .invalid)
        #expect(backend.send(.closed(id: 1)) == .invalid)
        #expect(frontend.send(.closed(id: 0)) == .invalid)
        #expect(frontend.receive() == nil && backend.receive() == nil)
    }

    @Test func twoThreadsKeepTheOrder() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        let count: UInt32 = 20_000
        let sender = Thread {
            var id: UInt32 = 1
            while id <= count {
                if frontend.send(.closed(id: id)) == .sent { id += 1 } else { Thread.sleep(forTimeInterval: 0) }
            }
        }
        sender.start()
        var expected: UInt32 = 1
        while expected <= count {
            for receipt in backend.receive(limit: 16) {
                if receipt != .message(.closed(id: expected)) { Issue.record("\(receipt) in place of \(expected)") }
                expected += 1
            }
        }
    }
}

@Suite struct ControlOutboxTests {
    @Test func whatFoundNoRoomIsSentLaterInOrder() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        var outbox = ControlOutbox()
        for id in UInt32(1)...64 {
            let result = outbox.send(.closed(id: id), over: frontend)
            #expect(result == .sent)
        }
        let first = outbox.send(.closed(id: 65), over: frontend)
        #expect(first == .full)
        _ = backend.receive()
        let second = outbox.send(.closed(id: 66), over: frontend)
        #expect(second == .full)
        #expect(outbox.count == 1)
        #expect(backend.receive(limit: 100).count == 64)
        let flushed = outbox.flush(over: frontend)
        #expect(flushed)
        #expect(backend.receive(limit: 100) == [.message(.closed(id: 66))])
    }

    @Test func aPeerThatReadsNothingIsBounded() {
        let (_, frontend) = InMemoryControlLink.makePair()
        var outbox = ControlOutbox()
        var results: [ControlSendResult] = []
        for id in UInt32(1)...200 { results.append(outbox.send(.closed(id: id), over: frontend)) }
        #expect(results.filter { $0 == .sent }.count == InMemoryControlLink.capacity)
        #expect(results.filter { $0 == .full }.count == ControlOutbox.capacity)
        #expect(results.last == .refused)
    }

    @Test func localAddressesDoNotWait() {
        let (backend, frontend) = InMemoryControlLink.makePair()
        var outbox = ControlOutbox()
        for id in UInt32(1)...70 { _ = outbox.send(.rulesRemoved(id: id), over: backend) }
        let sentAtOnce = outbox.send(.localAddresses(generation: 1, []), over: backend)
        #expect(sentAtOnce == .sent)
        #expect(frontend.receive() == .message(.localAddresses(generation: 1, [])))
    }
}
