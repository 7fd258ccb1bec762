// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation

/// What a plugin's calls into the host need to know about the vifs, under a lock of its own: such calls come from inside hooks,
/// while the control plane holds its lock.
final class VifDirectory: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `records` is guarded by the lock.
    private struct Record {
        let slot: Int
        let link: (any ControlLink)?
        var nonce: UInt64 = 0
        var status: AccelerationStatus?
    }

    private let lock = NSLock()
    private var records: [UInt32: Record] = [:]
    private let channel: CommandChannel

    init(_ channel: CommandChannel) { self.channel = channel }

    func add(_ vif: UInt32, slot: Int, link: (any ControlLink)?) {
        lock.withLock { records[vif] = Record(slot: slot, link: link) }
    }

    /// When this returned, no command for the vif is sent any more.
    func remove(_ vif: UInt32) { lock.withLock { _ = records.removeValue(forKey: vif) } }

    func link(of vif: UInt32) -> (any ControlLink)? { lock.withLock { records[vif]?.link } }

    /// Sends a command for the vif: 0 or a negative errno.
    func send(_ operation: UInt8, vif: UInt32, small: UInt32 = 0, large: UInt64 = 0) -> Int32 {
        lock.withLock {
            guard let record = records[vif] else { return 0 - ENOENT }
            // A fence without a nonce is one that nobody would recognise.
            if operation == LaneCommand.Operation.fence && record.nonce == 0 { return 0 - EINVAL }
            let command = LaneCommand(operation, slot: record.slot, small: small, large: large)
            guard channel.send(command) != nil else { return 0 - EAGAIN }
            if operation == LaneCommand.Operation.setNonce { records[vif]?.nonce = large }
            return 0
        }
    }

    /// Nobody accelerates the vif any more.
    func forgetPlugin(_ vif: UInt32) {
        lock.withLock {
            records[vif]?.nonce = 0
            records[vif]?.status = nil
        }
    }

    func report(_ status: AccelerationStatus, vif: UInt32) { lock.withLock { records[vif]?.status = status } }
    func status(of vif: UInt32) -> AccelerationStatus? { lock.withLock { records[vif]?.status } }
}
