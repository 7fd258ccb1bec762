// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import TestSupport
import Testing

@Suite struct HashTableTests {
    @Test func aFullTableRefusesNewKeysAndReplacesOldOnes() throws {
        try EALFixture.exclusively {
            var table = try HashTable(name: "hash-tests", capacity: 16)
            var stored = 0
            for key in 1...17 as ClosedRange<UInt64> where table.set(key, key * 10) { stored += 1 }
            let count = table.count
            #expect(stored == 16 && count == 16)
            let isReplaced = table.set(3, 33)
            let replaced = table[3]
            #expect(isReplaced && replaced == 33)
            let removals = [table.remove(5), table.remove(5)]
            let removed = table[5]
            #expect(removals == [true, false] && removed == nil)
            let isStored = table.set(17, 170)
            let late = table[17]
            #expect(isStored && late == 170)
        }
    }

    @Test func everyEntryIsVisitedOnce() throws {
        try EALFixture.exclusively {
            var table = try HashTable(name: "hash-tests", capacity: 64)
            for key in 1...40 as ClosedRange<UInt64> {
                let isStored = table.set(key << 32, key)
                #expect(isStored)
            }
            var cursor: UInt32 = 0
            var seen: [UInt64: UInt64] = [:]
            while let entry = table.next(&cursor) {
                #expect(seen.updateValue(entry.value, forKey: entry.key) == nil)
            }
            #expect(seen.count == 40 && seen.allSatisfy { $0.key == $0.value << 32 })
        }
    }
}
