// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Flow commands that the engine has taken and that have not taken effect yet, in order.
@safe
struct PendingCommands: ~Copyable {
    private let entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    private var head = 0
    private var tail = 0

    private struct Entry {
        var command: FlowCommand
        var due: UInt64
    }

    /// - Parameter capacity: a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "the capacity is a power of two")
        unsafe entries = .allocate(capacity: capacity)
        unsafe entries.initialize(repeating: Entry(command: FlowCommand(0), due: 0), count: capacity)
        mask = capacity - 1
    }

    deinit { unsafe entries.deallocate() }

    var isEmpty: Bool { @_noLocks get { head == tail } }
    var isFull: Bool { @_noLocks get { tail &- head > mask } }

    /// Takes a command out of `ring`, which takes effect at `due`, or right after the one before it if that is later; false
    /// when there is none.
    @_noLocks
    mutating func append(from ring: WordRingHandle, due: UInt64) -> Bool {
        precondition(!isFull, "the engine takes no command that it has no room for")
        let entry = unsafe entries + (tail & mask)
        guard unsafe entry.pointee.command.read(ring) else { return false }
        unsafe entry.pointee.due = due
        tail &+= 1
        return true
    }

    /// The oldest command, if it is due; valid until the next call.
    @_noLocks
    mutating func removeFirst(dueBy now: UInt64) -> UnsafePointer<FlowCommand>? {
        guard head != tail else { return nil }
        let entry = unsafe entries + (head & mask)
        guard unsafe entry.pointee.due <= now else { return nil }
        head &+= 1
        return unsafe UnsafeRawPointer(entry).assumingMemoryBound(to: FlowCommand.self)
    }
}
