// SPDX-License-Identifier: BSD-3-Clause

/// Turns ``ControlMessage``s into octets and back.
///
/// Every message is a header and a body, big-endian:
///
///     octet  0     0xAC
///            1     version of the encoding
///            2     type; the high bit is set in what a frontend sends
///            3     flags, 0
///            4, 5  length of the body
///            6 …   body
///
/// There is exactly one encoding of each message: whatever ``decode(_:from:)`` accepts, ``encode(_:)`` gives back
/// octet for octet.
public enum ControlCodec {
    /// The encoded form of `message`, at most ``ControlProtocol/maximumMessageLength`` octets.
    ///
    /// - Precondition: ``ControlMessage/isEncodable``. A link checks it and refuses instead.
    public static func encode(_ message: ControlMessage) -> [UInt8] {
        precondition(message.isEncodable, "a control message breaks a limit of the protocol")
        var writer = ControlWriter(kind: message.kind)
        switch message {
        case .offer(let version, let mac, let plugin, let maximumStash):
            writer.integer(version)
            writer.address(mac)
            writer.text(plugin)
            writer.integer(maximumStash)
        case .grant(let id, let grant, let fenceNonce, let settleNanoseconds):
            writer.integer(id)
            writer.grant(grant)
            writer.integer(fenceNonce)
            writer.integer(settleNanoseconds)
        case .localAddresses(let generation, let addresses):
            writer.integer(generation)
            writer.integer(UInt16(addresses.count))
            for address in addresses { writer.address(address) }
        case .accept(let version):
            writer.integer(version)
        case .refuse(let reason):
            writer.reason(reason)
        case .revoke(let id, let reason), .openFailed(let id, let reason), .withdraw(let id, let reason):
            writer.integer(id)
            writer.reason(reason)
        case .fenceReached(let id, let sequence, let stashed):
            writer.integer(id)
            writer.integer(sequence)
            writer.integer(stashed)
        case .rulesRemoved(let number), .transmitFenceConfirmed(let number), .opened(let number),
            .proven(let number), .fenceExpired(let number), .drained(let number), .closed(let number):
            writer.integer(number)
        case .changeFlows(let id, let sequence, let adds, let removes):
            writer.integer(id)
            writer.integer(sequence)
            writer.integer(UInt16(adds.count))
            for entry in adds { writer.flow(entry) }
            writer.numbers(removes)
        case .flowRulesChanged(let id, let sequence, let failed):
            writer.integer(id)
            writer.integer(sequence)
            writer.numbers(failed)
        case .flowsReady(let id, let sequence), .flowFenceExpired(let id, let sequence), .flowsDrained(let id, let sequence):
            writer.integer(id)
            writer.integer(sequence)
        case .flowFenceReached(let id, let sequence, let stashed):
            writer.integer(id)
            writer.integer(sequence)
            writer.integer(stashed)
        case .flowHits(let id, let hits):
            writer.integer(id)
            writer.integer(UInt16(hits.count))
            for hit in hits {
                writer.integer(hit.flow)
                writer.integer(hit.frames)
            }
        }
        return writer.finished()
    }

    /// The message that `bytes` hold, which must be one whole message that `sender` may send.
    ///
    /// Checks everything and never traps; see ``ControlDecodingError``.
    public static func decode(
        _ bytes: [UInt8], from sender: ControlSide
    ) throws(ControlDecodingError) -> ControlMessage {
        let kind = try decodeHeader(bytes)
        guard kind.sender == sender else { throw .wrongDirection }
        var reader = ControlReader(bytes, from: ControlProtocol.headerLength)
        let message = try decodeBody(kind, &reader)
        try reader.end()
        return message
    }

    private static func decodeHeader(_ bytes: [UInt8]) throws(ControlDecodingError) -> ControlMessageKind {
        guard bytes.count >= ControlProtocol.headerLength else { throw .truncatedHeader }
        guard bytes.count <= ControlProtocol.maximumMessageLength else { throw .tooLong }
        guard bytes[0] == UInt8(ControlProtocol.mark >> 8) else { throw .badMagic }
        guard bytes[1] == UInt8(ControlProtocol.mark & 0xFF) else { throw .unsupportedEncoding(version: bytes[1]) }
        guard let kind = ControlMessageKind(rawValue: bytes[2]) else { throw .unknownType(bytes[2]) }
        guard bytes[3] == 0 else { throw .reservedFlags(bytes[3]) }
        let length = Int(bytes[4]) << 8 | Int(bytes[5])
        guard length == bytes.count - ControlProtocol.headerLength else { throw .badLength }
        return kind
    }

    private static func decodeBody(
        _ kind: ControlMessageKind, _ reader: inout ControlReader
    ) throws(ControlDecodingError) -> ControlMessage {
        // Swift evaluates arguments from left to right, which here is the order of the fields.
        switch kind {
        case .offer:
            return .offer(
                version: try reader.integer(), mac: try reader.unicastAddress(),
                plugin: try reader.name(limit: ControlProtocol.maximumPluginName),
                maximumStash: try reader.integer())
        case .grant:
            return .grant(
                id: try reader.grantID(), try reader.grant(), fenceNonce: try reader.integer(),
                settleNanoseconds: try reader.integer())
        case .rulesRemoved:
            return .rulesRemoved(id: try reader.grantID())
        case .revoke:
            return .revoke(id: try reader.integer(), try reader.reason())
        case .localAddresses:
            return .localAddresses(generation: try reader.integer(), try reader.addresses())
        case .transmitFenceConfirmed:
            return .transmitFenceConfirmed(sequence: try reader.integer())
        case .accept:
            return .accept(version: try reader.integer())
        case .refuse:
            return .refuse(try reader.reason())
        case .opened:
            return .opened(id: try reader.grantID())
        case .openFailed:
            return .openFailed(id: try reader.grantID(), try reader.reason())
        case .proven:
            return .proven(id: try reader.grantID())
        case .fenceReached:
            return .fenceReached(
                id: try reader.grantID(), sequence: try reader.integer(), stashed: try reader.integer())
        case .fenceExpired:
            return .fenceExpired(id: try reader.grantID())
        case .drained:
            return .drained(id: try reader.grantID())
        case .closed:
            return .closed(id: try reader.grantID())
        case .withdraw:
            return .withdraw(id: try reader.grantID(), try reader.reason())
        case .changeFlows:
            let message = ControlMessage.changeFlows(
                id: try reader.grantID(), sequence: try reader.flowSequence(), adds: try reader.flows(),
                removes: try reader.numbers())
            // A batch that changes nothing.
            guard message.isEncodable else { throw .invalidValue }
            return message
        case .flowRulesChanged:
            return .flowRulesChanged(
                id: try reader.grantID(), sequence: try reader.flowSequence(), failed: try reader.numbers())
        case .flowsReady:
            return .flowsReady(id: try reader.grantID(), sequence: try reader.flowSequence())
        case .flowFenceReached:
            return .flowFenceReached(
                id: try reader.grantID(), sequence: try reader.flowSequence(), stashed: try reader.integer())
        case .flowFenceExpired:
            return .flowFenceExpired(id: try reader.grantID(), sequence: try reader.flowSequence())
        case .flowsDrained:
            return .flowsDrained(id: try reader.grantID(), sequence: try reader.flowSequence())
        case .flowHits:
            return .flowHits(id: try reader.grantID(), try reader.hits())
        }
    }
}
