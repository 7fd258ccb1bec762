// SPDX-License-Identifier: BSD-3-Clause
import Netback
import Testing
import Wire

@Suite struct LearningTests {
    @Test func anAddressBehindAGuestIsLearnedAndMoves() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            let inner = Rig.mac(0x50)
            try rig.send([Frames.numbered(0, to: .broadcast, from: inner)], from: one)
            _ = try rig.receive(1, at: two)
            let first = Frames.numbered(1, to: inner, from: Rig.station)
            #expect(rig.wire.send([first]))
            #expect(try rig.receive(1, at: one) == [first])
            try rig.send([Frames.numbered(2, to: .broadcast, from: inner)], from: two)
            #expect(try rig.receive(1, at: one).count == 1)
            let second = Frames.numbered(3, to: inner, from: Rig.station)
            #expect(rig.wire.send([second]))
            #expect(try rig.receive(1, at: two) == [second])
            // To the wire, too.
            #expect(rig.wire.send([Frames.numbered(4, to: .broadcast, from: inner)]))
            _ = try rig.receive(1, at: one)
            _ = try rig.receive(1, at: two)
            _ = rig.wire.receive()
            let third = Frames.numbered(5, to: inner, from: Rig.mac(1))
            try rig.send([third], from: one)
            #expect(try rig.receiveFromWire(1) == [third])
            try rig.settle()
            #expect(rig.guest(one).receive().isEmpty)
            #expect(rig.guest(two).receive().isEmpty)
            #expect(rig.count("fdbMoves") == 2)
        }
    }

    @Test func learnedAddressesAgeAndStaticOnesDoNot() throws {
        try Rig.run({ $0.fdbAgeSeconds = 1 }) { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            let inner = Rig.mac(0x50)
            try rig.send([Frames.numbered(0, to: .broadcast, from: inner)], from: one)
            _ = try rig.receive(1, at: two)
            #expect(rig.count("fdbEntries") == 3)
            try rig.require("the address is forgotten") { rig.count("fdbAged") == 1 }
            #expect(rig.count("fdbEntries") == 2)
            let flooded = Frames.numbered(1, to: inner, from: Rig.station)
            #expect(rig.wire.send([flooded]))
            #expect(try rig.receive(1, at: one) == [flooded])
            #expect(try rig.receive(1, at: two) == [flooded])
            let known = Frames.numbered(2, to: Rig.mac(2), from: Rig.station)
            #expect(rig.wire.send([known]))
            #expect(try rig.receive(1, at: two) == [known])
            try rig.settle()
            #expect(rig.guest(one).receive().isEmpty)
        }
    }

    @Test func anAddressThatIsHeardFromStays() throws {
        try Rig.run({ $0.fdbAgeSeconds = 2 }) { rig in
            let one = try rig.addGuest(1)
            let inner = Rig.mac(0x50)
            for number in 0..<40 {
                try rig.send([Frames.numbered(UInt32(number), to: .broadcast, from: inner)], from: one)
                _ = try rig.receiveFromWire(1)
                wait(milliseconds: 100)
            }
            #expect(rig.count("fdbAged") == 0)
            #expect(rig.count("fdbEntries") == 2)
        }
    }

    @Test func aFullTableLearnsNoMoreAndSwitchesOn() throws {
        try Rig.run({ $0.fdbCapacity = 4 }) { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            for number in 0..<6 {
                #expect(rig.wire.send([Frames.numbered(UInt32(number), to: Rig.mac(1), from: Rig.mac(0x60 + UInt64(number)))]))
                _ = try rig.receive(1, at: one)
            }
            #expect(rig.count("fdbFull") == 2)
            #expect(rig.count("fdbEntries") == 4 + 2)
            // Learned: to the wire alone. Not learned: flooded.
            try rig.send([Frames.numbered(10, to: Rig.mac(0x60), from: Rig.mac(1))], from: one)
            _ = try rig.receiveFromWire(1)
            try rig.settle()
            #expect(rig.guest(two).receive().isEmpty)
            try rig.send([Frames.numbered(11, to: Rig.mac(0x65), from: Rig.mac(1))], from: one)
            _ = try rig.receiveFromWire(1)
            #expect(try rig.receive(1, at: two).count == 1)
            // Nor is a station behind a guest cut off.
            let behind = Frames.numbered(12, to: Rig.mac(0x60), from: Rig.mac(0x70))
            try rig.send([behind], from: one)
            #expect(try rig.receiveFromWire(1) == [behind])
            #expect(rig.count("fdbFull") == 3)
        }
    }

    @Test func whatAVifLearnedGoesWithIt() throws {
        try Rig.run { rig in
            let ids = try rig.addGuests(2)
            let (one, two) = (ids[0], ids[1])
            try rig.send((0..<100).map { Frames.numbered($0, to: .broadcast, from: Rig.mac(0x1000 + UInt64($0))) }, from: one)
            _ = try rig.receive(100, at: two)
            #expect(rig.count("fdbEntries") == 102)
            rig.disconnect(one)
            try rig.netback.removeVif(one)
            try rig.require("its entries are swept away") { rig.count("fdbEntries") == 1 }
            #expect(rig.count("fdbAged") == 0)
        }
    }
}
