// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Copies of one queue's frames that the wire has not taken yet.
@safe
struct Outbox: ~Copyable {
    static var capacity: Int { @_noLocks get { 32 } }

    var burst = MbufBurst(capacity: Outbox.capacity)
    /// The queue that all of them come from.
    var queue = 0
    /// For each copy, how many frames behind it were dropped and are done as soon as it is sent: in bits 0...15 those that
    /// are too long, above them those that met an error.
    private let dropsBehind: UnsafeMutablePointer<Int>

    init() {
        unsafe dropsBehind = .allocate(capacity: Outbox.capacity)
        unsafe dropsBehind.initialize(repeating: 0, count: Outbox.capacity)
    }

    deinit { unsafe dropsBehind.deallocate() }

    @_noLocks
    mutating func append(_ copy: Mbuf) {
        burst.append(copy)
        unsafe dropsBehind[burst.count - 1] = 0
    }

    /// Remembers a frame that is not sent; false when nothing before it waits, so that it is done at once.
    @_noLocks
    mutating func noteDrop(_ kind: Int) -> Bool {
        guard burst.count > 0 else { return false }
        let drops = unsafe dropsBehind + (burst.count - 1)
        unsafe drops.pointee += kind
        return true
    }

    /// One drop of each kind, as ``noteDrop(_:)`` takes and the others give it.
    static var oversized: Int { @_noLocks get { 1 } }
    static var failed: Int { @_noLocks get { 1 << 16 } }

    /// Sends to `wire` what it takes: how many frames were sent, their bytes, and the drops that lay between and behind them.
    @_noLocks
    mutating func flush(to wire: QueuePair) -> (sent: Int, bytes: Int, dropped: Int) {
        let before = burst.count
        let waiting = waitingBytes()
        let sent = wire.transmit(&burst)
        return (sent, waiting - waitingBytes(), settle(sent, of: before))
    }

    @_noLocks
    private mutating func waitingBytes() -> Int {
        var bytes = 0
        var index = 0
        while index < burst.count {
            bytes += burst[index].packetLength
            index += 1
        }
        return bytes
    }

    /// Frees what is inside; how many frames, and the drops that lay between and behind them.
    @_noLocks
    mutating func discard() -> (freed: Int, dropped: Int) {
        let before = burst.count
        let freed = burst.free()
        return (freed, settle(freed, of: before))
    }

    @_noLocks
    private func settle(_ gone: Int, of before: Int) -> Int {
        var dropped = 0
        var index = 0
        while index < before {
            if index < gone {
                dropped += unsafe dropsBehind[index]
            } else {
                unsafe dropsBehind[index - gone] = dropsBehind[index]
            }
            index += 1
        }
        return dropped
    }
}
