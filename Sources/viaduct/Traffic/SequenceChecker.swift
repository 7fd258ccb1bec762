// SPDX-License-Identifier: BSD-3-Clause

/// Judges the order and the completeness of sequence-numbered flows.
///
/// Per flow it knows the next expected number (RFC 4737 section 3.3, "NextExp") and, in a bitmap, which of the ``window`` numbers
/// before that came. A frame
/// * with the expected number, or a greater one, is in order; the numbers that were skipped count as lost, until they come;
/// * with a smaller number that has not come yet is *reordered* (RFC 4737 section 4.1), and lost no longer;
/// * with a smaller number that came before is *duplicated* (RFC 5560);
/// * with a number more than ``window`` behind is *stale*: reordered or duplicated, which the bitmap can't tell any more. What was
///   counted as lost stays so.
///
/// All counts are exact as long as ``stale`` is 0. What a flow's last frames lost is known only from the sender: see
/// ``finish(flow:sent:)``.
///
/// - Lcore: one at a time. Memory is allocated once.
@safe
struct SequenceChecker: ~Copyable {
    /// Numbers of a flow that can be told apart behind the newest.
    static var window: Int { @_noLocks get { 4096 } }
    private static var wordsPerFlow: Int { @_noLocks get { window / 64 } }

    let flowCount: Int
    private let next: UnsafeMutablePointer<UInt64>
    private let seen: UnsafeMutablePointer<UInt64>

    /// Frames with a header of a known flow, whatever else they were.
    private(set) var received: UInt64 = 0
    /// Numbers that were skipped and have not come since.
    private(set) var lost: UInt64 = 0
    private(set) var reordered: UInt64 = 0
    private(set) var duplicated: UInt64 = 0
    private(set) var stale: UInt64 = 0
    /// Frames of a flow that nobody announced.
    private(set) var unknown: UInt64 = 0

    /// Expects flows 0 to `flowCount` - 1, each from number 0 on. With no flows everything is unknown.
    init(flowCount: Int) {
        precondition(flowCount >= 0 && flowCount <= 1 << 16, "0 to 65536 flows")
        self.flowCount = flowCount
        unsafe next = .allocate(capacity: max(flowCount, 1))
        unsafe next.initialize(repeating: 0, count: max(flowCount, 1))
        unsafe seen = .allocate(capacity: max(flowCount, 1) * Self.wordsPerFlow)
        unsafe seen.initialize(repeating: 0, count: max(flowCount, 1) * Self.wordsPerFlow)
    }

    deinit {
        unsafe next.deallocate()
        unsafe seen.deallocate()
    }

    @_noLocks
    mutating func check(_ header: SequenceHeader) {
        // UInt64, so that no flow number overflows an Int.
        guard UInt64(header.flow) < UInt64(flowCount), header.sequence < SequenceHeader.sequenceLimit else {
            unknown &+= 1
            return
        }
        received &+= 1
        let flow = Int(header.flow)
        let number = header.sequence
        let expected = unsafe next[flow]
        if number >= expected {
            let gap = number - expected
            lost &+= gap
            skip(flow, from: expected, gap)
            set(flow, number)
            unsafe next[flow] = number + 1
        } else if expected - number > UInt64(Self.window) {
            stale &+= 1
        } else if has(flow, number) {
            duplicated &+= 1
        } else {
            set(flow, number)
            reordered &+= 1
            lost &-= 1
        }
    }

    /// The next expected number of a flow.
    @_noLocks
    func expected(inFlow flow: Int) -> UInt64 {
        precondition(flow >= 0 && flow < flowCount, "no such flow")
        return unsafe next[flow]
    }

    /// The sender says how many frames of the flow it sent: what came of the last ones is lost. Frames may still come, late.
    mutating func finish(flow: Int, sent: UInt64) {
        precondition(flow >= 0 && flow < flowCount && sent <= SequenceHeader.sequenceLimit, "no such flow or number")
        let expected = unsafe next[flow]
        guard sent > expected else { return }
        lost &+= sent - expected
        skip(flow, from: expected, sent - expected)
        unsafe next[flow] = sent
    }

    /// Marks `count` numbers from `first` on as not come.
    @_noLocks
    private func skip(_ flow: Int, from first: UInt64, _ count: UInt64) {
        if count >= UInt64(Self.window) {
            var word = 0
            while word < Self.wordsPerFlow {
                // Only where it is not 0 already: without the question the compiler makes a call to memset of this.
                let cell = unsafe seen + (flow &* Self.wordsPerFlow &+ word)
                if unsafe cell.pointee != 0 { unsafe cell.pointee = 0 }
                word += 1
            }
            return
        }
        var number = first
        while number < first + count {
            let place = Self.place(number)
            unsafe seen[flow &* Self.wordsPerFlow &+ place.word] &= ~place.bit
            number += 1
        }
    }

    @inline(__always) @_noLocks
    private func set(_ flow: Int, _ number: UInt64) {
        let place = Self.place(number)
        unsafe seen[flow &* Self.wordsPerFlow &+ place.word] |= place.bit
    }

    @inline(__always) @_noLocks
    private func has(_ flow: Int, _ number: UInt64) -> Bool {
        let place = Self.place(number)
        return unsafe seen[flow &* Self.wordsPerFlow &+ place.word] & place.bit != 0
    }

    @inline(__always) @_noLocks
    private static func place(_ number: UInt64) -> (word: Int, bit: UInt64) {
        let index = number & UInt64(window - 1)
        return (Int(truncatingIfNeeded: index >> 6), 1 << (index & 63))
    }
}
