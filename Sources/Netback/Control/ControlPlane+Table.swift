// SPDX-License-Identifier: BSD-3-Clause
import Foundation

extension ControlPlane {
    /// Asks the lane for the table a piece at a time. The lock is let go in between, so that nobody waits for a large table.
    func forwardingTable() throws(NetbackError) -> [ForwardingEntry] {
        let words = UnsafeMutablePointer<UInt64>.allocate(capacity: TableCopy.wordCount)
        unsafe words.initialize(repeating: 0, count: TableCopy.wordCount)
        var isLeaked = false
        defer { if !isLeaked { unsafe words.deallocate() } }
        let address = UInt64(UInt(bitPattern: words))
        var entries: [UInt64: ForwardingEntry] = [:]
        var place: UInt64 = 0
        repeat {
            let isTaken = try locked { () throws(NetbackError) in
                if isStopped { throw .stopped }
                return carryOut(LaneCommand(LaneCommand.Operation.copyTable, small: UInt32(place), large: address))
            }
            guard isTaken else {
                // The lane may write there later.
                isLeaked = true
                throw .laneStuck
            }
            let count = unsafe Int(words[0])
            for index in 0..<count {
                let word = TableCopy.headerWords + index * TableCopy.wordsPerEntry
                let key = unsafe words[word]
                entries[key] = unsafe ForwardingEntry(key: key, port: words[word + 1], age: words[word + 2])
            }
            place = unsafe words[1]
        } while place != 0
        return entries.sorted { $0.key < $1.key }.map(\.value)
    }
}
