// SPDX-License-Identifier: BSD-3-Clause

/// One end of the control link between an accelerated backend and an accelerated frontend: ordered, reliable,
/// bounded both ways.
///
/// Nothing here waits. Not for lcores: implementations may lock.
public protocol ControlLink: AnyObject, Sendable {
    /// The side that holds this end.
    var side: ControlSide { get }

    /// Hands `message` to the other side, or says why not.
    ///
    /// The newest ``ControlMessage/localAddresses(generation:_:)`` always finds room, and replaces an older one that
    /// was not read yet.
    func send(_ message: ControlMessage) -> ControlSendResult

    /// What came next from the other side; nil when nothing is waiting.
    func receive() -> ControlReceipt?

    /// Throws away all that is under way in both directions and lets a side that broke the rules speak again. The
    /// newest set of local addresses is kept, and given to the frontend (again).
    func reset()
}

/// What became of a message that was given to a ``ControlLink``.
public enum ControlSendResult: Hashable, Sendable {
    case sent
    /// No room now: keep the message and try again later; see ``ControlOutbox``.
    case full
    /// The other side closed the link, or refuses all traffic after a violation by this side, until
    /// ``ControlLink/reset()``.
    case refused
    /// The message is not one that this side may send, or breaks a limit (``ControlMessage/isEncodable``).
    case invalid
}

/// What came out of a ``ControlLink``.
public enum ControlReceipt: Hashable, Sendable {
    case message(ControlMessage)
    /// The other side sent something that is not a message. Reported once; nothing more is read from that side until
    /// ``ControlLink/reset()``.
    case violation(ControlDecodingError)
}

extension ControlLink {
    /// Up to `limit` receipts, so that a peer that floods its link costs no more than that in one scan.
    public func receive(limit: Int) -> [ControlReceipt] {
        var receipts: [ControlReceipt] = []
        while receipts.count < limit, let receipt = receive() {
            receipts.append(receipt)
        }
        return receipts
    }
}
