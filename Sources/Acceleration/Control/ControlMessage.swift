// SPDX-License-Identifier: BSD-3-Clause

public import Wire

/// One message of the control link. Encoded by ``ControlCodec``; each message has one side that may send it.
public enum ControlMessage: Hashable, Sendable {
    // MARK: From the backend

    /// Acceleration is on offer. `maximumStash` is the number of frames that the frontend may keep back while it
    /// waits for a fence. Answered by ``accept(version:)`` or ``refuse(_:)``.
    case offer(version: UInt16, mac: MACAddress, plugin: String, maximumStash: UInt32)
    /// A VI to open. `id` is never 0. Fences carry `fenceNonce`; `settleNanoseconds` is how long the VI must stay
    /// empty to count as drained.
    case grant(id: UInt32, Grant, fenceNonce: UInt64, settleNanoseconds: UInt64)
    /// Nothing is steered to the VI any more: drain it, say ``drained(id:)``, close it, say ``closed(id:)``.
    case rulesRemoved(id: UInt32)
    /// Let go of the VI at once, whatever is in it. An `id` of 0 takes back an offer that was not yet followed by a
    /// grant.
    case revoke(id: UInt32, AccelerationReason)
    /// All MAC addresses that are on the host now, at most ``ControlProtocol/maximumLocalAddresses``. The newest
    /// generation wins. None of them may be sent to by the VI.
    case localAddresses(generation: UInt64, [MACAddress])
    /// Every frame sent by the slow path before transmit fence `sequence` has left the port.
    case transmitFenceConfirmed(sequence: UInt32)
    /// From ``ControlProtocol/flowVersion`` on: one batch of changes, and the only one under way for the VI. Keep back what the
    /// VI yields of the `adds`, say ``flowsReady(id:sequence:)``; only then are rules created and, for the `removes`, destroyed.
    case changeFlows(id: UInt32, sequence: UInt32, adds: [FlowEntry], removes: [UInt32])
    /// The batch's rules are as it says, except for the `failed` adds, which have none. Drain the removed flows, say
    /// ``flowsDrained(id:sequence:)``. A fence of that `sequence` is, or soon will be, on its way behind what the slow path has
    /// of the added ones.
    case flowRulesChanged(id: UInt32, sequence: UInt32, failed: [UInt32])

    // MARK: From the frontend

    /// The offer is taken. A `version` below the offered one asks for an offer of that version instead.
    case accept(version: UInt16)
    /// The offer is declined.
    case refuse(AccelerationReason)
    /// The VI is open and polled.
    case opened(id: UInt32)
    /// The VI could not be opened, and is not touched.
    case openFailed(id: UInt32, AccelerationReason)
    /// A frame with the vif's MAC was seen on the VI.
    case proven(id: UInt32)
    /// Every slow queue pair delivered fence `sequence`, and the `stashed` frames kept back are delivered.
    case fenceReached(id: UInt32, sequence: UInt32, stashed: UInt32)
    /// The fence did not come in time: the stash was delivered without it, re-ordering is possible.
    case fenceExpired(id: UInt32)
    /// After ``rulesRemoved(id:)``: the VI stayed empty for the settle time, all is delivered, TX is done.
    case drained(id: UInt32)
    /// The VI is no longer touched. Unasked for, it means that the guest lets go at once.
    case closed(id: UInt32)
    /// Please go back to the slow path as planned: the frontend's plugin is about to leave.
    case withdraw(id: UInt32, AccelerationReason)
    /// What the VI yields of the flows to be added is kept back from now on.
    case flowsReady(id: UInt32, sequence: UInt32)
    /// The batch's fence came by every slow queue pair, and the `stashed` frames kept back are delivered.
    case flowFenceReached(id: UInt32, sequence: UInt32, stashed: UInt32)
    /// The batch's fence did not come in time: what was kept back was delivered without it, re-ordering is possible.
    case flowFenceExpired(id: UInt32, sequence: UInt32)
    /// All that the VI had of the removed flows is delivered.
    case flowsDrained(id: UInt32, sequence: UInt32)
    /// What the VI yielded of each flow since the last report: a hint.
    case flowHits(id: UInt32, [FlowHits])
}

extension ControlMessage {
    /// The side that may send this message.
    public var sender: ControlSide { kind.sender }

    /// Whether this message can be encoded: lengths within their limits, addresses unicast, grant id not 0.
    public var isEncodable: Bool {
        switch self {
        case .offer(_, let mac, let plugin, _):
            return mac.isValidUnicast && ControlText.isName(plugin, limit: ControlProtocol.maximumPluginName)
        case .grant(let id, let grant, _, _):
            return id != 0 && grant.isEncodable
        case .localAddresses(_, let addresses):
            return addresses.count <= ControlProtocol.maximumLocalAddresses
                && addresses.allSatisfy(\.isValidUnicast)
        case .rulesRemoved(let id), .opened(let id), .openFailed(let id, _), .proven(let id),
            .fenceReached(let id, _, _), .fenceExpired(let id), .drained(let id), .closed(let id),
            .withdraw(let id, _):
            return id != 0
        case .revoke, .transmitFenceConfirmed, .accept, .refuse:
            return true
        case .changeFlows(let id, let sequence, let adds, let removes):
            let most = ControlProtocol.maximumFlowChanges
            return id != 0 && sequence >= ControlProtocol.firstFlowSequence && !(adds.isEmpty && removes.isEmpty)
                && adds.count <= most && removes.count <= most && adds.allSatisfy { $0.id != 0 && $0.selector.isEncodable }
                && !removes.contains(0)
        case .flowRulesChanged(let id, let sequence, let failed):
            return id != 0 && sequence >= ControlProtocol.firstFlowSequence
                && failed.count <= ControlProtocol.maximumFlowChanges && !failed.contains(0)
        case .flowsReady(let id, let sequence), .flowFenceReached(let id, let sequence, _),
            .flowFenceExpired(let id, let sequence), .flowsDrained(let id, let sequence):
            return id != 0 && sequence >= ControlProtocol.firstFlowSequence
        case .flowHits(let id, let hits):
            return id != 0 && (1...ControlProtocol.maximumFlowHits).contains(hits.count) && hits.allSatisfy { $0.flow != 0 }
        }
    }
}

/// The type octet of an encoded message. Raw values never change; the high bit tells who sends it.
enum ControlMessageKind: UInt8, CaseIterable {
    case offer = 0x01
    case grant = 0x02
    case rulesRemoved = 0x03
    case revoke = 0x04
    case localAddresses = 0x05
    case transmitFenceConfirmed = 0x06
    case changeFlows = 0x07
    case flowRulesChanged = 0x08
    case accept = 0x81
    case refuse = 0x82
    case opened = 0x83
    case openFailed = 0x84
    case proven = 0x85
    case fenceReached = 0x86
    case fenceExpired = 0x87
    case drained = 0x88
    case closed = 0x89
    case withdraw = 0x8A
    case flowsReady = 0x8B
    case flowFenceReached = 0x8C
    case flowFenceExpired = 0x8D
    case flowsDrained = 0x8E
    case flowHits = 0x8F

    var sender: ControlSide { rawValue & 0x80 == 0 ? .backend : .frontend }
}

extension ControlMessage {
    var kind: ControlMessageKind {
        switch self {
        case .offer: .offer
        case .grant: .grant
        case .rulesRemoved: .rulesRemoved
        case .revoke: .revoke
        case .localAddresses: .localAddresses
        case .transmitFenceConfirmed: .transmitFenceConfirmed
        case .accept: .accept
        case .refuse: .refuse
        case .opened: .opened
        case .openFailed: .openFailed
        case .proven: .proven
        case .fenceReached: .fenceReached
        case .fenceExpired: .fenceExpired
        case .drained: .drained
        case .closed: .closed
        case .withdraw: .withdraw
        case .changeFlows: .changeFlows
        case .flowRulesChanged: .flowRulesChanged
        case .flowsReady: .flowsReady
        case .flowFenceReached: .flowFenceReached
        case .flowFenceExpired: .flowFenceExpired
        case .flowsDrained: .flowsDrained
        case .flowHits: .flowHits
        }
    }
}
