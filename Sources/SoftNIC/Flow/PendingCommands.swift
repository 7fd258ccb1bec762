// SPDX-License-Identifier: BSD-3-Clause

/// Flow commands that the engine has taken and that have not taken effect yet, in order.
@safe
struct PendingCommands: ~Copyable {
    private let entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    private var head = 0
    private var tail = 0

    struct Entry {
        let command: FlowCommand
        let due: UInt64
    }

    /// - Parameter capacity: a power of two.
    init(capacity: Int) {
        precondition(capacity > 0 && capacity & (capacity - 1) == 0, "the capacity is a power of two")
        unsafe entries = .allocate(capacity: capacity)
        mask = capacity - 1
    }

    deinit { unsafe entries.deallocate() }

    var isEmpty: Bool { @_noLocks get { head == tail } }
    var isFull: Bool { @_noLocks get { tail &- head > mask } }

    /// Adds a command that takes effect at `due`, or right after the one before it if that is later.
    @_noLocks
    mutating func append(_ command: FlowCommand, due: UInt64) {
        precondition(!isFull, "the engine takes no command that it has no room for")
        unsafe (entries + (tail & mask)).initialize(to: Entry(command: command, due: due))
        tail &+= 1
    }

    /// The oldest command, if it is due.
    @_noLocks
    mutating func removeFirst(dueBy now: UInt64) -> FlowCommand? {
        guard head != tail else { return nil }
        let entry = unsafe entries[head & mask]
        guard entry.due <= now else { return nil }
        head &+= 1
        return entry.command
    }
}
