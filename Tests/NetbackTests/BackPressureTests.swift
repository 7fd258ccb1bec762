// SPDX-License-Identifier: BSD-3-Clause
import Testing
import Wire

@Suite struct BackPressureTests {
    @Test func aFullWireHoldsGuestsBackAndDropsNothing() throws {
        try Rig.run(wireCapacity: 64) { rig in
            let ids = try rig.addGuests(3)
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: ids[0])
            let count = 3000
            var next = [0, 0, 0]
            var came: [[UInt32]] = [[], [], []]
            try rig.require("all frames reach the wire") {
                for (place, id) in ids.enumerated() where next[place] < count {
                    let upper = min(next[place] + 32, count)
                    next[place] += rig.guest(id).send(
                        (next[place]..<upper).map {
                            Frames.numbered(UInt32($0), to: Rig.station, from: Rig.mac(UInt64(place) + 1))
                        })
                }
                for frame in rig.wire.receive(limit: 40) { came[Int(frame[11]) - 1].append(Frames.number(frame)) }
                return came.allSatisfy { $0.count == count }
            }
            for numbers in came { #expect(numbers == Array(0..<UInt32(count))) }
            #expect(rig.count("uplinkFull") == 0)
            #expect(rig.count("wireTransmitted") == UInt64(3 * count))
        }
    }

    @Test func guestsShareAFullWireFairly() throws {
        try Rig.run(wireCapacity: 64) { rig in
            let ids = try rig.addGuests(3)
            #expect(rig.wire.send([Frames.numbered(0, to: Rig.mac(1), from: Rig.station)]))
            _ = try rig.receive(1, at: ids[0])
            var came = [0, 0, 0]
            for _ in 0..<600 {
                for (place, id) in ids.enumerated() {
                    rig.guest(id).send((0..<32).map { Frames.numbered($0, to: Rig.station, from: Rig.mac(UInt64(place) + 1)) })
                }
                try rig.require("the wire's ring fills") { rig.wire.unread >= 60 }
                for frame in rig.wire.receive(limit: 30) { came[Int(frame[11]) - 1] += 1 }
            }
            let share = came.reduce(0, +) / 3
            for count in came { #expect(abs(count - share) < share / 4, "\(came)") }
            try rig.require("what is left goes out") {
                _ = rig.wire.receive()
                return rig.count("wireTransmitted") == rig.count("guestReceived")
            }
        }
    }

    @Test func aGuestThatDoesNotReadLosesItsOwnFramesAlone() throws {
        try Rig.run { rig in
            let one = try rig.addGuest(1, queueSize: 256)
            let two = try rig.addGuest(2)
            #expect(rig.wire.send((0..<1000).map { Frames.numbered($0, to: Rig.mac(1), from: Rig.station) }))
            #expect(rig.wire.send((0..<1000).map { Frames.numbered($0, to: Rig.mac(2), from: Rig.station) }))
            let frames = try rig.receive(1000, at: two)
            #expect(frames.map(Frames.number) == Array(0..<1000))
            // What waited is given up, too.
            try rig.require("nothing waits any more") { rig.count("queued", one) == 0 }
            try rig.settle()
            let dropped = rig.count("vringFull", one)
            #expect(dropped > 0)
            let came = rig.guest(one).receive().map(Frames.number)
            #expect(came == Array(0..<UInt32(1000 - dropped)), "what fits is the oldest, in order")
            #expect(rig.count("vringFull", two) == 0)
        }
    }
}
