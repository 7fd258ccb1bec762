// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// One completed switch of path.
public struct SwitchRecord: Sendable, Equatable {
    public enum Path: String, Sendable { case fast, slow }
    public let to: Path
    /// From the first word about it to the moment at which the new path alone is in use.
    public let nanoseconds: UInt64
    /// Frames that waited in the stash for the fence.
    public let stashed: Int
}

/// Keeps the latest switches, from the states that the hand-shake goes through.
struct SwitchLog {
    private(set) var records: [SwitchRecord] = []
    private var began: UInt64?
    private var isFast = false
    var stashed = 0

    /// The newest records that are kept.
    static let capacity = 1024

    mutating func note(_ state: AccelerationState, now: UInt64) {
        switch state {
        case .proving where began == nil && !isFast: began = now
        case .connected where !isFast:
            isFast = true
            finish(.fast, now)
        case .draining where isFast: began = now
        case .none, .refused, .quarantined:
            if isFast { finish(.slow, now) }
            isFast = false
            began = nil
        default: break
        }
    }

    private mutating func finish(_ path: SwitchRecord.Path, _ now: UInt64) {
        if records.count == Self.capacity { records.removeFirst() }
        records.append(
            SwitchRecord(to: path, nanoseconds: now - (began ?? now), stashed: path == .fast ? stashed : 0))
        began = nil
    }
}
