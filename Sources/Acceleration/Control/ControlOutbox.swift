// SPDX-License-Identifier: BSD-3-Clause

/// Messages of one side that its link had no room for, kept in order until it has.
///
/// Carry out every `send` action with ``send(_:over:)`` and call ``flush(over:)`` at every scan of the link.
public struct ControlOutbox: Sendable {
    /// Most messages kept. A peer that reads nothing runs into the time limits of the hand-shakes long before.
    public static let capacity = 64

    private var waiting: [ControlMessage] = []

    public init() {}

    /// The number of messages that wait for room.
    public var count: Int { waiting.count }

    /// Sends `message` behind all that wait already, or keeps it.
    ///
    /// - Returns: `.sent` once it is on the link, `.full` when it is kept for ``flush(over:)``. `.refused` and
    ///   `.invalid` as the link says; `.refused` also when too many wait already. Such a message is dropped.
    public mutating func send(_ message: ControlMessage, over link: any ControlLink) -> ControlSendResult {
        if case .localAddresses = message { return link.send(message) }
        guard flush(over: link) else { return keep(message) }
        let result = link.send(message)
        return result == .full ? keep(message) : result
    }

    /// Sends what waits, as far as there is room.
    ///
    /// - Returns: whether nothing waits any more.
    @discardableResult
    public mutating func flush(over link: any ControlLink) -> Bool {
        var done = 0
        while done < waiting.count, link.send(waiting[done]) != .full { done += 1 }
        waiting.removeFirst(done)
        return waiting.isEmpty
    }

    /// Forgets all that waits; for after ``ControlLink/reset()``.
    public mutating func removeAll() { waiting.removeAll() }

    private mutating func keep(_ message: ControlMessage) -> ControlSendResult {
        guard waiting.count < Self.capacity else { return .refused }
        waiting.append(message)
        return .full
    }
}
