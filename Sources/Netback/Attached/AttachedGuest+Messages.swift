// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// What goes over the socket of a guest that was let in.
extension AttachedGuest {
    /// Messages that are read in one tick.
    private static let messagesPerTick = 16

    /// While its EAL starts: only `ready` and `failed` are in turn.
    func listen(_ now: UInt64) -> Duty {
        guard let socket else { return guestLeft(now) }
        switch socket.receive() {
        case .nothing: return .nothing
        case .closed: return guestLeft(now)
        case .message(let bytes):
            switch try? AttachCodec.decode(bytes, from: .frontend) {
            case .ready?:
                heard = now
                return guestIsReady(now)
            case .failed(let words)?: return guestFailed(words, now)
            default: return end("it spoke out of turn", now)
            }
        }
    }

    func serve(_ now: UInt64) -> Duty {
        let limit = configuration.answerLimitMilliseconds * 1_000_000
        if now > heard, now - heard > limit {
            return end("it did not answer for \(configuration.answerLimitMilliseconds) ms", now)
        }
        sendMessages(now, every: limit / 8)
        return readMessages(now)
    }

    private func sendMessages(_ now: UInt64, every interval: UInt64) {
        guard let socket else { return }
        if now > pinged, now - pinged >= interval {
            pinged = now
            ping &+= 1
            // Without room it is busy enough with what it did not read.
            _ = socket.send(AttachCodec.encode(.ping(ping)))
        }
        for _ in 0..<Self.messagesPerTick {
            if outgoing == nil, case .message(let message)? = link.receive() {
                if case .grant = message { wasGranted = true }
                outgoing = ControlCodec.encode(message)
            }
            guard let bytes = outgoing, socket.send(bytes) else { return }
            outgoing = nil
        }
    }

    private func readMessages(_ now: UInt64) -> Duty {
        guard let socket else { return guestLeft(now) }
        for _ in 0..<Self.messagesPerTick {
            if let bytes = incoming {
                // Back-pressure: netback has not read what came before.
                if link.send(encoded: bytes) == .full { return .nothing }
                incoming = nil
            }
            switch socket.receive() {
            case .nothing: return .nothing
            case .closed: return guestLeft(now)
            case .message(let bytes):
                heard = now
                guard flood.admit(now: now) else { return end("it sends too many messages", now) }
                if AttachProtocol.isAttachMessage(bytes) {
                    switch try? AttachCodec.decode(bytes, from: .frontend) {
                    case .pong?: continue
                    case .left?: return guestSaidGoodbye(now)
                    default: return end("it spoke out of turn", now)
                    }
                }
                do throws(ControlDecodingError) {
                    _ = try ControlCodec.decode(bytes, from: .frontend)
                } catch {
                    return end("it broke the rules of the control link: \(error)", now)
                }
                incoming = bytes
            }
        }
        return .nothing
    }
}
