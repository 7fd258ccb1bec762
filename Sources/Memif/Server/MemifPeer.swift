// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import Foundation

/// A connection to the other end, closed with this value. Nothing here waits.
final class MemifPeer: Sendable {
    private let descriptor: Int32

    enum Received {
        /// With what came along, the caller's from now on; -1 for nothing.
        case message(MemifMessage, descriptor: Int32)
        case nothing
        case closed
        case violation
    }

    init(descriptor: Int32) { self.descriptor = descriptor }

    init(connectingTo path: String) throws(MemifError) {
        let result = unsafe cprocess_connect(path)
        guard result >= 0 else { throw MemifError("connect to \(path)", code: 0 - result) }
        descriptor = result
    }

    deinit { cprocess_close(descriptor) }

    /// False when the other end does not read, or is gone.
    @discardableResult
    func send(_ message: MemifMessage, descriptor attached: Int32 = -1) -> Bool {
        let bytes = message.encoded
        return unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            return unsafe cprocess_send_with(descriptor, base, buffer.count, attached) == buffer.count
        }
    }

    func receive() -> Received {
        // One byte more shows a message that is too long.
        let most = MemifProtocol.messageLength + 1
        var attached: Int32 = -1
        var bytes = [UInt8](repeating: 0, count: most)
        let length = unsafe bytes.withUnsafeMutableBufferPointer { buffer -> Int in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe cprocess_receive_with(descriptor, base, most, &attached)
        }
        if length == -Int(EAGAIN) { return .nothing }
        if length == -Int(EBADMSG) { return .violation }
        guard length > 0 else { return .closed }
        guard let message = MemifMessage(Array(bytes.prefix(length))) else {
            if attached >= 0 { cprocess_close(attached) }
            return .violation
        }
        return .message(message, descriptor: attached)
    }
}
