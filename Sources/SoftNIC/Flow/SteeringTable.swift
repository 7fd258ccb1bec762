// SPDX-License-Identifier: BSD-3-Clause

/// The rules in effect: open addressing with linear probing, allocated once, at most half full.
///
/// - Lcore: the engine's alone.
@safe
struct SteeringTable: ~Copyable {
    /// Key words, 0 where free.
    private let keys: UnsafeMutablePointer<UInt64>
    private let queues: UnsafeMutablePointer<UInt8>
    private let mask: Int
    private let shift: UInt64
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a table holds rules")
        var bits: UInt64 = 1
        while 1 << bits < capacity * 2 { bits += 1 }
        let size = 1 << Int(bits)
        unsafe keys = .allocate(capacity: size)
        unsafe keys.initialize(repeating: 0, count: size)
        unsafe queues = .allocate(capacity: size)
        unsafe queues.initialize(repeating: 0, count: size)
        mask = size - 1
        shift = 64 - bits
        self.capacity = capacity
    }

    deinit {
        unsafe keys.deallocate()
        unsafe queues.deallocate()
    }

    /// The queue that `key` is steered to.
    @_noLocks
    func queue(of key: SteeringKey) -> Int? {
        let slot = slot(of: key.rawValue)
        return unsafe keys[slot] == 0 ? nil : Int(queues[slot])
    }

    /// Adds or replaces; false when the table is full.
    @_noLocks
    mutating func insert(_ key: SteeringKey, queue: Int) -> Bool {
        let slot = slot(of: key.rawValue)
        if unsafe keys[slot] == 0 {
            guard count < capacity else { return false }
            unsafe keys[slot] = key.rawValue
            count += 1
        }
        unsafe queues[slot] = UInt8(truncatingIfNeeded: queue)
        return true
    }

    /// Removes `key` if it is there, and moves back what had to probe past it.
    @_noLocks
    mutating func remove(_ key: SteeringKey) {
        var hole = slot(of: key.rawValue)
        guard unsafe keys[hole] != 0 else { return }
        count -= 1
        var next = (hole + 1) & mask
        while unsafe keys[next] != 0 {
            // An entry may fill the hole unless that lies before its home.
            let distance = (next - home(of: unsafe keys[next])) & mask
            if distance >= (next - hole) & mask {
                unsafe keys[hole] = keys[next]
                unsafe queues[hole] = queues[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        unsafe keys[hole] = 0
    }

    /// Where `word` is, or would be put. There is always a free slot.
    @inline(__always) @_noLocks
    private func slot(of word: UInt64) -> Int {
        var slot = home(of: word)
        while unsafe keys[slot] != 0 && keys[slot] != word { slot = (slot + 1) & mask }
        return slot
    }

    @inline(__always) @_noLocks
    private func home(of word: UInt64) -> Int {
        // Fibonacci hashing: the product's high bits depend on all of the word's.
        Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }
}
