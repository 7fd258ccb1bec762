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
        }
    }
}
