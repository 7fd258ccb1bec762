// SPDX-License-Identifier: BSD-3-Clause

/// A copy of the addresses that were learned on vif ports, made by the lane for the control plane, a piece each round.
///
/// The set may change while it is copied; every such change is announced anew, so the last snapshot is right.
@safe
struct AddressSnapshot: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the buffer is the lane's from `begin` until the `snapshotTaken` event.
    /// A buffer's size, in words, when it takes `count` addresses.
    static func wordCount(_ count: Int) -> Int { count + 1 }

    private var words: UnsafeMutablePointer<UInt64>?
    private var capacity = 0
    private var count = 0
    private var cut = 0
    var place = 0
    /// The control plane knows that there is something to fetch.
    var isAnnounced = false

    init() { unsafe words = nil }

    var isRunning: Bool { @_noLocks get { unsafe words != nil } }
    /// Argument of the event.
    var result: UInt64 { @_noLocks get { UInt64(cut) << 32 | UInt64(count) } }

    /// - Parameter buffer: address of words, the first of which says how many addresses fit behind it.
    @_noLocks
    mutating func begin(_ buffer: UInt64, _ hasChanged: inout Bool) {
        guard let words = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(buffer)) else { return }
        unsafe self.words = words
        capacity = unsafe Int(words[0])
        count = 0
        cut = 0
        place = 0
        hasChanged = false
        isAnnounced = false
    }

    @_noLocks
    mutating func append(_ address: UInt64) {
        guard let words = unsafe words else { return }
        if count < capacity {
            unsafe words[1 + count] = address
            count += 1
        } else {
            cut += 1
        }
    }

    @_noLocks
    mutating func end() { unsafe words = nil }
}
