// SPDX-License-Identifier: BSD-3-Clause
/// What becomes of one packet that a guest sends, as a frontend plugin and netfront write it (`enum viaduct_verdict`).
@frozen
public struct Verdict: RawRepresentable, Equatable, Sendable {
    public let rawValue: UInt8
    @inlinable @_noLocks public init(rawValue: UInt8) { self.rawValue = rawValue }

    @inlinable public static var eligible: Verdict { @_noLocks get { Verdict(rawValue: 0) } }
    @inlinable public static var accepted: Verdict { @_noLocks get { Verdict(rawValue: 1) } }
    @inlinable public static var busy: Verdict { @_noLocks get { Verdict(rawValue: 2) } }

    @inlinable public var isDeclined: Bool { @_noLocks get { rawValue >= 16 } }

    @inlinable @_noLocks
    public static func declined(_ reason: DeclineReason) -> Verdict { Verdict(rawValue: reason.verdict) }
}

/// Why a packet goes by the slow path although there may be a fast one.
public enum DeclineReason: Int, CaseIterable, Sendable {
    /// No plugin, no open VI, or a switch of path is going on.
    case notConnected = 0
    /// Broadcast and multicast always go slow.
    case groupAddress
    /// Nothing came from that address by the VI, or it is on this host.
    case peerUnknown
    /// The VI can't send a frame of that length, number of segments or offload request.
    case form
    /// The source address is not the vif's.
    case source

    /// Key in status and JSON.
    public var name: String {
        switch self {
        case .notConnected: "notConnected"
        case .groupAddress: "groupAddress"
        case .peerUnknown: "peerUnknown"
        case .form: "form"
        case .source: "source"
        }
    }

    /// `enum viaduct_verdict`'s value.
    @inlinable public var verdict: UInt8 {
        @_noLocks get {
            switch self {
            case .notConnected: 16
            case .groupAddress: 17
            case .peerUnknown: 18
            case .form: 19
            case .source: 20
            }
        }
    }
}

/// The verdicts of a burst, lent for one call.
@safe @frozen
public struct Verdicts {
    @usableFromInline let cells: UnsafeMutablePointer<UInt8>
    public let count: Int

    @inlinable @_noLocks
    @unsafe public init(_ cells: UnsafeMutablePointer<UInt8>, count: UInt16) {
        unsafe self.cells = cells
        self.count = Int(count)
    }

    @inlinable public subscript(index: Int) -> Verdict {
        @inline(always) @_noLocks get {
            precondition(index >= 0 && index < count, "no such packet")
            return unsafe Verdict(rawValue: cells[index])
        }
        @inline(always) @_noLocks nonmutating set {
            precondition(index >= 0 && index < count, "no such packet")
            unsafe cells[index] = newValue.rawValue
        }
    }
}
