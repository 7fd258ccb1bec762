// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Dataplane
import Wire

/// Who sends generated frames to whom. Flows differ in their ports.
struct TrafficEndpoints: Sendable {
    var sourceMAC: MACAddress
    var destinationMAC: MACAddress
    var source: IPv4Address
    var destination: IPv4Address
    /// Of flow 0; the next flows have the next ports.
    var firstSourcePort: UInt16 = 20000
    var firstDestinationPort: UInt16 = 5001
    /// Hosts that frames go to; each has the addresses behind the last one's. Flow n goes to host n modulo this.
    var destinations = 1

    /// Which of the destinations that flow goes to.
    func destination(ofFlow flow: Int) -> Int { flow % destinations }
}

/// Makes the frames of sequence-numbered flows at a bounded rate.
///
/// - Lcore: one at a time.
@safe
struct TrafficSource: ~Copyable {
    private var writer: FrameWriter
    private let firstSourcePort: UInt16
    private let firstDestinationPort: UInt16
    private let endpoints: TrafficEndpoints
    private let sizes: FrameSizes
    let flowCount: Int
    private let sequences: UnsafeMutablePointer<UInt64>
    private var picker: FlowPicker
    private var bucket: TokenBucket
    /// Frames made so far.
    private(set) var made: UInt64 = 0

    static let maximumFlows = 32768

    /// - Parameter packetsPerSecond: nil for as fast as there is room.
    init(
        _ endpoints: TrafficEndpoints, flowCount: Int, popularity: FlowPopularity = .even, sizes: FrameSizes,
        packetsPerSecond: UInt64?
    ) {
        precondition(flowCount >= 1 && flowCount <= Self.maximumFlows, "1 to \(Self.maximumFlows) flows")
        precondition(sizes.longest >= FrameSizes.minimum && sizes.longest <= FrameSizes.maximum, "no such frame length")
        writer = FrameWriter(
            destinationMAC: endpoints.destinationMAC, sourceMAC: endpoints.sourceMAC,
            addresses: .v4(source: endpoints.source, destination: endpoints.destination),
            sourcePort: endpoints.firstSourcePort, destinationPort: endpoints.firstDestinationPort, checksum: .none)
        firstSourcePort = endpoints.firstSourcePort
        firstDestinationPort = endpoints.firstDestinationPort
        self.endpoints = endpoints
        picker = FlowPicker(flowCount: flowCount, popularity: popularity)
        self.flowCount = flowCount
        self.sizes = sizes
        unsafe sequences = .allocate(capacity: flowCount)
        unsafe sequences.initialize(repeating: 0, count: flowCount)
        bucket = TokenBucket(
            packetsPerSecond: packetsPerSecond, burst: TokenBucket.burst(packetsPerSecond: packetsPerSecond), hertz: TSC.hertz,
            now: TSC.now())
    }

    deinit { unsafe sequences.deallocate() }

    /// Frames of that flow that were made so far: also the flow's next sequence number.
    func count(ofFlow flow: Int) -> UInt64 {
        precondition(flow >= 0 && flow < flowCount, "no such flow")
        return unsafe sequences[flow]
    }

    /// Adds frames to `burst`, as many as the rate, `limit` and the pool allow; how many. Each is stamped with `now` (TSC).
    @_noLocks
    mutating func fill(_ burst: inout MbufBurst, limit: Int, pool: MempoolHandle, now: UInt64) -> Int {
        var count = bucket.available(at: now)
        if limit < count { count = limit }
        if burst.freeCapacity < count { count = burst.freeCapacity }
        let first = burst.count
        guard count > 0, pool.allocate(count, into: &burst) else { return 0 }
        bucket.spend(count)
        var index = first
        while index < first + count {
            write(burst[index], now)
            index += 1
        }
        return count
    }

    @_noLocks
    private mutating func write(_ mbuf: Mbuf, _ now: UInt64) {
        let length = sizes.length(ofFrame: made)
        let flow = picker.next()
        writer.sourcePort = firstSourcePort &+ UInt16(truncatingIfNeeded: flow)
        writer.destinationPort = firstDestinationPort &+ UInt16(truncatingIfNeeded: flow)
        if endpoints.destinations > 1 { turn(to: UInt32(truncatingIfNeeded: flow % endpoints.destinations)) }
        let buffer = mbuf.frameBuffer
        let payload = writer.payloadOffset
        pad(buffer, from: payload, to: length)
        let number = unsafe sequences[flow]
        SequenceHeader(flow: UInt32(truncatingIfNeeded: flow), sequence: number, sentAt: now).write(to: buffer, at: payload)
        let written = writer.write(into: buffer, payloadLength: length - payload)
        let fits = mbuf.setLength(length)
        precondition(written == length && fits, "an mbuf holds the longest frame")
        unsafe sequences[flow] = number &+ 1
        made &+= 1
    }

    @_noLocks
    private mutating func turn(to destination: UInt32) {
        writer.destinationMAC = MACAddress(rawValue: endpoints.destinationMAC.rawValue &+ UInt64(destination))
        writer.addresses = .v4(
            source: endpoints.source, destination: IPv4Address(rawValue: endpoints.destination.rawValue &+ destination))
    }

    /// Overwrites what the mbuf held before, which must not leave the host.
    @_noLocks
    private mutating func pad(_ buffer: MutableByteView, from first: Int, to length: Int) {
        var offset = first
        while offset + 8 <= length {
            buffer.set(u64: UInt64(truncatingIfNeeded: offset) &* 0x0101_0101_0101_0101, at: offset)
            offset += 8
        }
        while offset < length {
            buffer.set(u8: UInt8(truncatingIfNeeded: offset), at: offset)
            offset += 1
        }
    }
}
