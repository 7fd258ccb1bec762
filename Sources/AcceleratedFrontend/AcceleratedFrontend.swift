// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import CViaductAccel
public import DPDK
import Dataplane
import Wire

/// The guest's side of acceleration: polls the VI itself, a queue pair or a memif, and says of each packet whether the VI carries it.
///
/// It knows nothing of peers, order or the slow path: those are netfront's.
@safe
public struct AcceleratedFrontend: FrontendAccelerator, ~Copyable {
    private let mac: UInt64
    private var vi: QueuePair?
    /// A VI of a guest in another process than the host's, in place of ``vi``.
    private var memif: MemifVI?
    /// Whether there is one: asking an optional that can't be copied would consume it.
    private var isMemif = false
    /// The guest's, from which frames of a memif come.
    private let mempool: String
    /// Frames carry this VLAN's tag on the VI; 0 when they are untagged.
    private var vlan: UInt16 = 0
    /// What of a burst goes to the VI, gathered for one driver call.
    private var outgoing = MbufBurst(capacity: 256)
    private var foreign = MbufBurst(capacity: 64)
    private let counterBlock = CounterBlock(count: AcceleratedFrontendCounter.allCases.count)
    private let counters: Counters

    /// The longest frame that the VI sends: an Ethernet frame of 1500 bytes' payload with two VLAN tags, without check sequence.
    static var longestFrame: Int { @_noLocks get { 1522 } }

    public init?(vif: VifDescription) {
        guard vif.mac.isValidUnicast else { return nil }
        mac = vif.mac.rawValue
        mempool = vif.mempool
        counters = counterBlock.counters
    }

    // MARK: Control plane

    public mutating func open(_ grant: Grant, id: UInt32, transmitDescriptors: UInt16) throws(DPDKError) {
        guard case .queuePair(let port, let rxQueue, let txQueue, let mempool, let vlan) = grant else {
            return try openDevice(grant)
        }
        let id = PortID(rawValue: port)
        guard id.isValid else { throw DPDKError("open the VI on \(id)", code: 19, detail: "no such port") }
        let information = try id.information
        guard rxQueue < information.maximumReceiveQueues, txQueue < information.maximumTransmitQueues else {
            throw DPDKError("open queue pair \(rxQueue)/\(txQueue) of \(information.name)", code: 34)
        }
        guard MempoolHandle(named: mempool) != nil else {
            throw DPDKError("open the VI on \(information.name)", code: 2, detail: "there is no mempool \(mempool)")
        }
        vi = QueuePair(
            port: id, receiveQueue: rxQueue, transmitQueue: txQueue, transmitDescriptors: transmitDescriptors)
        self.vlan = vlan ?? 0
    }

    private mutating func openDevice(_ grant: Grant) throws(DPDKError) {
        guard case .device(let devargs) = grant else { return }
        let device = try MemifDevice(devargs: devargs)
        guard let pool = MempoolHandle(named: mempool) else {
            throw DPDKError("open the VI", code: 2, detail: "there is no mempool \(mempool)")
        }
        memif = try MemifVI(device, pool: pool)
        isMemif = true
        vlan = 0
    }

    public mutating func close() {
        vi = nil
        isMemif = false
        memif?.close()
        memif = nil
    }

    /// Netfront has closed the VI before.
    public mutating func suspend() {}
    public mutating func resume() {}

    public var statistics: viaduct_path_statistics {
        func value(_ counter: AcceleratedFrontendCounter) -> UInt64 { counters[counter.rawValue] }
        return viaduct_path_statistics(
            rx_packets: value(.receivedPackets), rx_bytes: value(.receivedBytes), tx_packets: value(.transmittedPackets),
            tx_bytes: value(.transmittedBytes), tx_busy: value(.transmitBusy), rx_dropped: value(.receivedDropped))
    }

    // MARK: The guest's lcore

    public var isReady: Bool {
        @_noLocks get {
            if case .some = vi { return true }
            return isMemif
        }
    }

    @_noLocks
    public mutating func poll(into burst: BorrowedBurst) -> Int {
        var received: Int
        if let vi {
            received = vi.receive(into: burst)
            if vlan != 0 { received = untag(burst, received) }
        } else {
            received = memif?.receive(into: burst) ?? 0
        }
        guard received > 0 else { return 0 }
        var bytes = 0
        var index = 0
        while index < received {
            bytes += burst[index].packetLength
            index += 1
        }
        count(.receivedPackets, received)
        count(.receivedBytes, bytes)
        return received
    }

    @_noLocks
    public mutating func transmit(_ burst: BorrowedBurst, verdicts: Verdicts) {
        var mustWait = false
        var bytes = 0
        var index = 0
        while index < burst.count {
            if verdicts[index] == .eligible {
                if !isReady {
                    verdicts[index] = .declined(.notConnected)
                } else if mustWait || outgoing.freeCapacity == 0 {
                    verdicts[index] = .busy
                } else {
                    let mbuf = burst[index]
                    let length = mbuf.packetLength
                    let verdict = verdict(mbuf)
                    verdicts[index] = verdict
                    if verdict == .accepted {
                        bytes += length
                        outgoing.append(mbuf)
                    } else if verdict == .declined(.form) {
                        // Its peer leaves the fast path before it may go slow, so nothing behind it may go fast now.
                        mustWait = true
                    }
                }
            }
            index += 1
        }
        post(burst, verdicts, bytes: bytes)
    }

    /// Whether the VI can carry the packet; in a VLAN, an accepted one has its tag.
    @inline(__always) @_noLocks
    private func verdict(_ mbuf: Mbuf) -> Verdict {
        if mbuf.packetLength > Self.longestFrame || mbuf.segmentCount != 1 || mbuf.requestsTransmitOffload {
            return .declined(.form)
        }
        let frame = mbuf.bytes
        // The guest knows of no VLAN, and the wire beyond the VI may be in any: the host drops such a frame.
        if frame.isInVLAN { return .declined(.form) }
        // The wire knows this guest by its own address; another one is for the host to judge.
        if frame.mac(at: 6).rawValue != mac { return .declined(.source) }
        if vlan == 0 { return .accepted }
        // A tag for its priority alone would stay inside: the host makes one of the two.
        if frame.u16(at: 12) == EtherType.vlan.rawValue { return .declined(.form) }
        return mbuf.insertTag(control: vlan) ? .accepted : .declined(.form)
    }

    /// Posts what was gathered; what finds no descriptor is busy.
    @_noLocks
    private mutating func post(_ burst: BorrowedBurst, _ verdicts: Verdicts, bytes: Int) {
        let offered = outgoing.count
        guard offered > 0 else { return }
        let sent: Int
        if let vi { sent = vi.transmit(&outgoing) } else { sent = memif?.transmit(&outgoing) ?? 0 }
        count(.transmittedPackets, sent)
        guard sent < offered else {
            count(.transmittedBytes, bytes)
            return
        }
        // The last ones found no room: take their verdicts back, from the end.
        var busy = offered - sent
        var busyBytes = 0
        var index = burst.count - 1
        while busy > 0 && index >= 0 {
            if verdicts[index] == .accepted {
                verdicts[index] = .busy
                // Back to what the guest wrote.
                if vlan != 0 { _ = burst[index].removeTag() }
                busyBytes += burst[index].packetLength
                busy -= 1
            }
            index -= 1
        }
        count(.transmittedBytes, bytes - busyBytes)
        count(.transmitBusy, offered - sent)
        outgoing.removeAll()
    }

    /// Keeps of the burst's first frames those of the VI's VLAN, without their tag; how many.
    @_noLocks
    private mutating func untag(_ burst: BorrowedBurst, _ received: Int) -> Int {
        var kept = 0
        var index = 0
        while index < received {
            let mbuf = burst[index]
            index += 1
            if mbuf.takeOut(ofVLAN: vlan), !mbuf.bytes.isInVLAN {
                burst.place(mbuf, at: kept)
                kept += 1
            } else {
                foreign.append(mbuf)
                if foreign.freeCapacity == 0 { count(.receivedDropped, foreign.free()) }
            }
        }
        count(.receivedDropped, foreign.free())
        return kept
    }

    @_noLocks
    public mutating func isTransmitDone() -> Bool? {
        if let vi { return vi.isTransmitDone(exceptNewest: 0) }
        return memif?.isTransmitDone() ?? true
    }

    @_noLocks
    public mutating func clock() -> UInt64 {
        if let vi { return vi.port.clock }
        return memif?.clock() ?? 0
    }

    /// A queue pair that is polled has no interrupt to ask for; what arrived since the last poll is seen at the next.
    @_noLocks
    public mutating func armWakeup() -> Bool { false }
    @_noLocks
    public mutating func disarmWakeup() {}

    @inline(__always) @_noLocks
    private func count(_ counter: AcceleratedFrontendCounter, _ amount: Int) { counters.add(amount, to: counter.index) }
}

/// What the VI moved.
enum AcceleratedFrontendCounter: Int, CaseIterable {
    case receivedPackets = 0
    case receivedBytes, transmittedPackets, transmittedBytes, transmitBusy, receivedDropped

    var index: Int { @_noLocks get { rawValue } }
}
