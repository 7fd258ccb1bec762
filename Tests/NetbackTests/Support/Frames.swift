// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Wire

/// Frames as arrays of bytes, and their way into mbufs and out of them.
typealias Bytes = [UInt8]

enum Frames {
    /// A frame of a local experimental EtherType with a number in it.
    static func numbered(
        _ number: UInt32, to destination: MACAddress, from source: MACAddress, etherType: UInt16 = 0x88B6, length: Int = 60
    ) -> Bytes {
        var bytes = octets(destination) + octets(source) + [UInt8(etherType >> 8), UInt8(truncatingIfNeeded: etherType)]
        bytes += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
        if bytes.count < length { bytes += filling[bytes.count..<length] }
        return Array(bytes.prefix(length))
    }

    /// Each octet says where it is.
    private static let filling = Bytes((0..<9216).map { UInt8(truncatingIfNeeded: $0) })

    static func octets(_ mac: MACAddress) -> Bytes {
        [40, 32, 24, 16, 8, 0].map { UInt8(truncatingIfNeeded: mac.rawValue >> $0) }
    }

    /// The number in a frame that ``numbered(_:to:from:etherType:length:)`` made.
    static func number(_ frame: Bytes) -> UInt32 { frame[14..<18].reduce(0) { $0 << 8 | UInt32($1) } }

    static func fence(nonce: UInt64, sequence: UInt32) -> Bytes {
        var bytes = Bytes(repeating: 0, count: FenceFrame.length)
        unsafe bytes.withUnsafeMutableBytes { buffer in
            let view = unsafe MutableByteView(unsafeStart: buffer.baseAddress!, count: buffer.count)
            _ = FenceFrame(nonce: nonce, sequence: sequence).write(to: view)
        }
        return bytes
    }

    static func asFence(_ frame: Bytes) -> FenceFrame? {
        unsafe frame.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return nil }
            return FenceFrame(unsafe ByteView(unsafeStart: base, count: buffer.count))
        }
    }
}

extension Mbuf {
    /// Makes this empty mbuf hold `frame`.
    func fill(_ frame: Bytes) {
        let buffer = frameBuffer
        unsafe frame.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe ByteView(unsafeStart: base, count: source.count).copyBytes(into: buffer, at: 0)
        }
        precondition(setLength(frame.count))
    }

    var frame: Bytes {
        let view = bytes
        return unsafe Bytes(unsafeUninitializedCapacity: view.count) { target, count in
            if let base = target.baseAddress {
                unsafe view.copyBytes(into: MutableByteView(unsafeStart: base, count: view.count), at: 0)
            }
            count = view.count
        }
    }
}

extension MempoolHandle {
    /// Mbufs that hold `frames`, at the end of `burst`.
    func fill(_ burst: inout MbufBurst, with frames: ArraySlice<Bytes>) {
        let first = burst.count
        precondition(allocate(frames.count, into: &burst), "the test's pool is too small")
        for (offset, frame) in frames.enumerated() { burst[first + offset].fill(frame) }
    }
}
