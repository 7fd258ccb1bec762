// SPDX-License-Identifier: BSD-3-Clause

/// The rules in effect: open addressing with linear probing, allocated once, at most half full. A look-up costs one probe
/// for each shape in use, the most particular shape first.
///
/// - Lcore: the engine's alone.
@safe
struct SteeringTable: ~Copyable {
    /// Shapes that may be in use at once; a rule of one more is not taken.
    static var mostShapes: Int { @_noLocks get { 32 } }

    struct Entry {
        var words: MatchWords
        /// 0 where free, else the shape's bits and the topmost bit.
        var shape: UInt32
        var verdict: Verdict
        var rule: UInt32
    }

    struct UsedShape {
        var mask: MatchWords
        var bits: UInt32
        var entries: UInt32
    }

    private let entries: UnsafeMutablePointer<Entry>
    private let shapes: UnsafeMutablePointer<UsedShape>
    private var shapeCount = 0
    private let mask: Int
    private let shift: UInt64
    let capacity: Int
    private(set) var count = 0
    /// The masked fields of the shape that is looked up.
    private var probe = MatchWords()

    private static var used: UInt32 { @_noLocks get { 1 << 31 } }

    init(capacity: Int) {
        precondition(capacity > 0, "a table holds rules")
        var bits: UInt64 = 1
        while 1 << bits < capacity * 2 { bits += 1 }
        let size = 1 << Int(bits)
        unsafe entries = .allocate(capacity: size)
        unsafe entries.initialize(
            repeating: Entry(words: MatchWords(), shape: 0, verdict: .drop, rule: 0), count: size)
        unsafe shapes = .allocate(capacity: Self.mostShapes)
        unsafe shapes.initialize(
            repeating: UsedShape(mask: MatchWords(), bits: 0, entries: 0), count: Self.mostShapes)
        mask = size - 1
        shift = 64 - bits
        self.capacity = capacity
    }

    deinit {
        unsafe entries.deallocate()
        unsafe shapes.deallocate()
    }

    /// The place of the rule that takes a frame, for ``verdict(at:)`` and ``rule(at:)``.
    @_noLocks
    mutating func find(_ fields: borrowing FrameFields) -> Int? {
        var index = 0
        while index < shapeCount {
            let shape = unsafe shapes + index
            let bits = unsafe shape.pointee.bits & 0x00FF_FFFF
            if bits & fields.present == bits {
                let mask = unsafe shape
                probe.link = unsafe fields.words.link & mask.pointee.mask.link
                probe.types = unsafe fields.words.types & mask.pointee.mask.types
                probe.sourceHigh = unsafe fields.words.sourceHigh & mask.pointee.mask.sourceHigh
                probe.sourceLow = unsafe fields.words.sourceLow & mask.pointee.mask.sourceLow
                probe.destinationHigh = unsafe fields.words.destinationHigh & mask.pointee.mask.destinationHigh
                probe.destinationLow = unsafe fields.words.destinationLow & mask.pointee.mask.destinationLow
                probe.sender = unsafe fields.words.sender & mask.pointee.mask.sender
                let slot = unsafe slot(ofProbe: shape.pointee.bits)
                if unsafe entries[slot].shape != 0 { return slot }
            }
            index += 1
        }
        return nil
    }

    @_noLocks mutating func verdict(at place: Int) -> Verdict { unsafe entries[place & mask].verdict }
    /// The rule's number on the control plane.
    @_noLocks mutating func rule(at place: Int) -> Int { unsafe Int(entries[place & mask].rule) }

    /// The verdict of exactly this match, if it is in the table.
    @_noLocks
    mutating func verdict(of match: Match) -> Verdict? {
        probe = match.words
        let slot = slot(ofProbe: match.shape.rawValue)
        return unsafe entries[slot].shape == 0 ? nil : entries[slot].verdict
    }

    /// Adds or replaces; false when the table, or the number of shapes, is full.
    @_noLocks
    mutating func insert(_ match: Match, verdict: Verdict, rule: Int) -> Bool {
        probe = match.words
        let slot = slot(ofProbe: match.shape.rawValue)
        if unsafe entries[slot].shape == 0 {
            guard count < capacity, useShape(match.shape.rawValue) else { return false }
            unsafe entries[slot].words = match.words
            unsafe entries[slot].shape = match.shape.rawValue | Self.used
            count += 1
        }
        unsafe entries[slot].verdict = verdict
        unsafe entries[slot].rule = UInt32(truncatingIfNeeded: rule)
        return true
    }

    /// Removes `match` if it is there, and moves back what had to probe past it.
    @_noLocks
    mutating func remove(_ match: Match) {
        probe = match.words
        var hole = slot(ofProbe: match.shape.rawValue)
        guard unsafe entries[hole].shape != 0 else { return }
        count -= 1
        leaveShape(match.shape.rawValue)
        var next = (hole + 1) & mask
        while unsafe entries[next].shape != 0 {
            // An entry may fill the hole unless that lies before its home.
            let distance = (next - home(ofEntry: next)) & mask
            if distance >= (next - hole) & mask {
                unsafe entries[hole] = entries[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        unsafe entries[hole].shape = 0
    }

    @_noLocks
    mutating func removeAll() {
        var slot = 0
        while slot <= mask {
            unsafe entries[slot].shape = 0
            slot += 1
        }
        count = 0
        shapeCount = 0
    }

    // MARK: Shapes

    /// How particular a shape is: its filter's priority, then the number of its bits.
    @_noLocks
    private mutating func rank(_ bits: UInt32) -> Int {
        Int(bits >> MatchShape.Bits.priorityShift) * 64 + (bits & 0x00FF_FFFF).nonzeroBitCount
    }

    /// Counts an entry of the shape, which gets its place among the others if it is new.
    @_noLocks
    private mutating func useShape(_ bits: UInt32) -> Bool {
        var index = 0
        while index < shapeCount {
            if unsafe shapes[index].bits == bits {
                unsafe shapes[index].entries += 1
                return true
            }
            index += 1
        }
        guard shapeCount < Self.mostShapes else { return false }
        var place = shapeCount
        let rank = rank(bits)
        while place > 0, self.rank(unsafe shapes[place - 1].bits) < rank {
            unsafe shapes[place] = shapes[place - 1]
            place -= 1
        }
        shapeCount += 1
        let shape = unsafe shapes + place
        unsafe shape.pointee.bits = bits
        unsafe shape.pointee.entries = 1
        unsafe shape.pointee.mask.setMask(of: bits)
        return true
    }

    @_noLocks
    private mutating func leaveShape(_ bits: UInt32) {
        var index = 0
        while index < shapeCount {
            if unsafe shapes[index].bits == bits {
                unsafe shapes[index].entries -= 1
                guard unsafe shapes[index].entries == 0 else { return }
                shapeCount -= 1
                while index < shapeCount {
                    unsafe shapes[index] = shapes[index + 1]
                    index += 1
                }
                return
            }
            index += 1
        }
    }

    // MARK: Places

    /// Where the probe with these shape bits is, or would be put. There is always a free slot.
    @inline(__always) @_noLocks
    private mutating func slot(ofProbe bits: UInt32) -> Int {
        let word = bits | Self.used
        var slot = Int(truncatingIfNeeded: probe.digest(bits) >> shift)
        while true {
            let entry = unsafe entries + slot
            if unsafe entry.pointee.shape == 0 { return slot }
            if unsafe entry.pointee.shape == word, unsafe entry.pointee.words.isSame(as: probe) { return slot }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always) @_noLocks
    private mutating func home(ofEntry slot: Int) -> Int {
        let entry = unsafe entries + slot
        let bits = unsafe entry.pointee.shape & ~Self.used
        return Int(truncatingIfNeeded: unsafe entry.pointee.words.digest(bits) >> shift)
    }
}

extension MatchWords {
    /// As ``init(maskOf:)``, on an lcore.
    @_noLocks
    mutating func setMask(of bits: UInt32) {
        @inline(__always) @_noLocks func all(_ bit: UInt32, _ value: UInt64) -> UInt64 { bits & bit != 0 ? value : 0 }
        link = all(MatchShape.Bits.destination, 0xFFFF_FFFF_FFFF) | all(MatchShape.Bits.vlan, 0x0FFF << 48)
        types =
            all(MatchShape.Bits.etherType, 0xFFFF) | all(MatchShape.Bits.protocolNumber, 0xFF << 16)
            | all(MatchShape.Bits.sourcePort, 0xFFFF << 32) | all(MatchShape.Bits.destinationPort, 0xFFFF << 48)
        sourceHigh = all(MatchShape.Bits.sourceAddress, .max)
        sourceLow = sourceHigh
        destinationHigh = all(MatchShape.Bits.destinationAddress, .max)
        destinationLow = destinationHigh
        sender = all(MatchShape.Bits.source, .max)
    }

    @inline(__always) @_noLocks
    func isSame(as other: MatchWords) -> Bool {
        let first = (link ^ other.link) | (types ^ other.types) | (sender ^ other.sender)
        let second = (sourceHigh ^ other.sourceHigh) | (sourceLow ^ other.sourceLow)
        let third = (destinationHigh ^ other.destinationHigh) | (destinationLow ^ other.destinationLow)
        return first | second | third == 0
    }

    /// A digest whose high bits depend on every bit of the fields and the shape.
    @inline(__always) @_noLocks
    func digest(_ shape: UInt32) -> UInt64 {
        var sum = UInt64(shape) &* 0x9E37_79B9_7F4A_7C15
        sum = Self.mixed(sum, link)
        sum = Self.mixed(sum, types)
        sum = Self.mixed(sum, sourceHigh)
        sum = Self.mixed(sum, sourceLow)
        sum = Self.mixed(sum, destinationHigh)
        sum = Self.mixed(sum, destinationLow)
        return Self.mixed(sum, sender)
    }

    @inline(__always) @_noLocks
    private static func mixed(_ sum: UInt64, _ word: UInt64) -> UInt64 {
        let value = (sum ^ word) &* 0xBF58_476D_1CE4_E5B9
        return value ^ (value >> 29)
    }

    /// A number that is the same for all frames of one flow, for RSS; with ports only where both are present.
    @inline(__always) @_noLocks
    func flowHash() -> UInt64 {
        var sum = Self.mixed(0x9E37_79B9_7F4A_7C15, types >> 32)
        sum = Self.mixed(sum, sourceHigh ^ destinationHigh)
        sum = Self.mixed(sum, sourceLow)
        sum = Self.mixed(sum, destinationLow)
        return sum ^ (sum >> 32)
    }
}
