// SPDX-License-Identifier: BSD-3-Clause

/// How a client lays out its one region: both rings, then the buffers of each.
struct MemifLayout {
    let log2Size: UInt8
    let bufferLength: Int
    /// To the server, and from it.
    let outboundRing = 0
    let inboundRing: Int
    let outboundBuffers: Int
    let inboundBuffers: Int
    let size: Int

    init(log2Size: UInt8, bufferLength: Int) {
        func aligned(_ length: Int, _ alignment: Int) -> Int { (length + alignment - 1) / alignment * alignment }
        self.log2Size = log2Size
        self.bufferLength = bufferLength
        let ring = aligned(MemifProtocol.ringLength(log2Size: log2Size), 64)
        let buffers = bufferLength << Int(log2Size)
        inboundRing = ring
        outboundBuffers = aligned(2 * ring, 4096)
        inboundBuffers = outboundBuffers + buffers
        size = aligned(inboundBuffers + buffers, 4096)
    }
}
