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
        let isAttached: Bool
        var nonce: UInt64 = 0
        var status: AccelerationStatus?
        var history = AccelerationHistory()
        let flows: FlowSelectorBlock
        var flowHold = FlowHoldState.idle
    }

    /// What became of a vif's hold of single flows: one at a time.
    enum FlowHoldState { case idle, asked, held, releasing }

    private let lock = NSLock()
    private var records: [UInt32: Record] = [:]
    private let channel: CommandChannel

    init(_ channel: CommandChannel) { self.channel = channel }

    /// `flows` belongs to the vif, and outlives the record.
    func add(_ vif: UInt32, slot: Int, link: (any ControlLink)?, isAttached: Bool, flows: FlowSelectorBlock) {
        lock.withLock { records[vif] = Record(slot: slot, link: link, isAttached: isAttached, flows: flows) }
    }

    /// Whether its guest is in a process of its own, which must never have an mbuf of netback's.
    func isAttached(_ vif: UInt32) -> Bool { lock.withLock { records[vif]?.isAttached ?? false } }

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

    /// Has the lane hold frames of these flows: 0 or a negative errno.
    func holdFlows(_ selectors: [FlowSelector], vif: UInt32) -> Int32 {
        lock.withLock {
            guard let record = records[vif] else { return 0 - ENOENT }
            guard (1...FlowHold.maximumFlows).contains(selectors.count) else { return 0 - EINVAL }
            guard record.flowHold == .idle else { return 0 - EBUSY }
            // The lane looks at the block from the command to its answer, and only then.
            record.flows.write(selectors)
            let command = LaneCommand(
                LaneCommand.Operation.holdFlows, slot: record.slot, small: UInt32(selectors.count), large: record.flows.word)
            guard channel.send(command) != nil else { return 0 - EAGAIN }
            records[vif]?.flowHold = .asked
            return 0
        }
    }

    func releaseFlows(vif: UInt32) -> Int32 {
        lock.withLock {
            guard let record = records[vif] else { return 0 - ENOENT }
            guard record.flowHold == .asked || record.flowHold == .held else { return 0 - EINVAL }
            guard channel.send(LaneCommand(LaneCommand.Operation.releaseFlows, slot: record.slot)) != nil else {
                return 0 - EAGAIN
            }
            records[vif]?.flowHold = .releasing
            return 0
        }
    }

    /// The lane's answer. The first of two that cross says nothing any more.
    func flowHold(of vif: UInt32, became state: FlowHoldState) {
        lock.withLock {
            guard let record = records[vif] else { return }
            switch (state, record.flowHold) {
            case (.held, .asked), (.idle, .releasing): records[vif]?.flowHold = state
            default: break
            }
        }
    }

    /// Nobody accelerates the vif any more.
    func forgetPlugin(_ vif: UInt32) {
        lock.withLock {
            records[vif]?.nonce = 0
            records[vif]?.status = nil
            records[vif]?.history.note(AccelerationStatus())
            records[vif]?.flowHold = .idle
        }
    }

    func report(_ status: AccelerationStatus, vif: UInt32) {
        lock.withLock {
            records[vif]?.status = status
            records[vif]?.history.note(status)
        }
    }
    func history(of vif: UInt32) -> [AccelerationChange] { lock.withLock { records[vif]?.history.changes ?? [] } }
    func durations(of vif: UInt32) -> (toFast: SwitchDurations, toSlow: SwitchDurations)? {
        lock.withLock { records[vif].map { ($0.history.toFast, $0.history.toSlow) } }
    }
    func status(of vif: UInt32) -> AccelerationStatus? { lock.withLock { records[vif]?.status } }
}
