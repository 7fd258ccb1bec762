// SPDX-License-Identifier: BSD-3-Clause

/// A piece of the switch's table, copied by the lane for the control plane while the command is carried out.
///
/// Each entry is three words:
///
///     word 0   key: address (48 bits), VLAN above
///     word 1   vif (32 bits) | slot (32 bits, two's complement; -1 for the uplink)
///     word 2   static (bit 63) | seconds since a frame came from the address
enum TableCopy {
    /// Entries that one command looks at: a bounded piece of a round.
    static var entriesPerCommand: Int { @_noLocks get { 128 } }
    static var wordsPerEntry: Int { @_noLocks get { 3 } }
    /// The buffer's first word says how many entries follow, its second where the next piece begins, 0 at the end.
    static var headerWords: Int { @_noLocks get { 2 } }
    static var wordCount: Int { headerWords + entriesPerCommand * wordsPerEntry }
}

extension LaneCommand.Operation {
    /// Of no vif. Small argument: the place to begin at. Large one: the address of `TableCopy.wordCount` words.
    static var copyTable: UInt8 { @_noLocks get { 32 } }
}

extension NetbackLane {
    @_noLocks
    mutating func copyTable(_ command: LaneCommand) {
        guard let words = unsafe UnsafeMutablePointer<UInt64>(bitPattern: UInt(command.large)) else { return }
        var place = Int(command.small)
        let end = place + TableCopy.entriesPerCommand
        var copied = 0
        while place < end, place < table.count {
            let entry = table.entry(at: place)
            let word = TableCopy.headerWords + copied * TableCopy.wordsPerEntry
            // What a vif left behind that is gone is swept away soon.
            if isAlive(entry.port) {
                let age = entry.isStatic ? 1 << 63 : UInt64(clock.seconds &- entry.seen)
                unsafe words[word] = entry.key
                unsafe words[word + 1] = UInt64(entry.port.vif) << 32 | UInt64(UInt32(bitPattern: entry.port.slot))
                unsafe words[word + 2] = age
                copied += 1
            }
            place += 1
        }
        unsafe words[0] = UInt64(copied)
        unsafe words[1] = UInt64(place < table.count ? place : 0)
    }
}
