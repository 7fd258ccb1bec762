// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Memif
import Wire

/// A VI that the host carries to this process over a memif.
///
/// It has neither descriptors nor a clock of its own: what they would tell is asked of the host by ``LinkMarker``s, one at a time.
@safe
struct MemifVI: ~Copyable {
    private let client: MemifClient
    private let endpoint: MemifEndpoint
    private let pool: MempoolHandle
    private let nonce: UInt64
    private var marker = MbufBurst(capacity: 1)
    private var answers = MbufBurst(capacity: 4)

    private var sequence: UInt32 = 0
    private var isAsking = false
    /// Of a question whose answer was lost: asked again after that (TSC).
    private var askedAt: UInt64 = 0
    private let patience = TSC.hertz / 10
    /// The host's clock as it was last told, until somebody read it; 0 for none.
    private var reading: UInt64 = 0
    /// Frames sent so far, when the question was asked, and of which the host says that they are on the wire.
    private var sent: UInt64 = 0
    private var sentBeforeQuestion: UInt64 = 0
    private var done: UInt64 = 0

    /// Connects to the host, and waits for it.
    init(_ device: MemifDevice, pool: MempoolHandle) throws(DPDKError) {
        do throws(MemifError) {
            client = try MemifClient(
                device.configuration, log2RingSize: device.log2RingSize, bufferLength: device.bufferLength)
        } catch {
            throw DPDKError("open the VI", code: 107, detail: "\(error)")
        }
        endpoint = client.endpoint
        self.pool = pool
        nonce = device.nonce
    }

    /// What the VI yields, without the host's answers; how many frames.
    @_noLocks
    mutating func receive(into burst: BorrowedBurst) -> Int {
        let limit = burst.count < arrivals.freeCapacity ? burst.count : arrivals.freeCapacity
        let received = endpoint.receive(into: &arrivals, pool: pool, limit: limit)
        var kept = 0
        var index = 0
        while index < received {
            let mbuf = arrivals[index]
            index += 1
            if let answer = LinkMarker(mbuf.bytes), answer.nonce == nonce {
                take(answer)
                answers.append(mbuf)
                if answers.freeCapacity == 0 { answers.free() }
            } else {
                burst.place(mbuf, at: kept)
                kept += 1
            }
        }
        arrivals.removeAll()
        answers.free()
        return kept
    }

    /// What of a poll of the memif is looked at before it is given out.
    private var arrivals = MbufBurst(capacity: 256)

    /// Sends the burst's first frames; how many. The rest stay.
    @_noLocks
    mutating func transmit(_ burst: inout MbufBurst) -> Int {
        let taken = endpoint.transmit(&burst)
        sent &+= UInt64(truncatingIfNeeded: taken)
        return taken
    }

    /// Whether all that was sent is on the wire, as far as is known; asks if it is not.
    @_noLocks
    mutating func isTransmitDone() -> Bool {
        if done == sent { return true }
        ask()
        return false
    }

    /// The NIC's clock, once for each answer; 0 while one is on its way.
    @_noLocks
    mutating func clock() -> UInt64 {
        let now = reading
        reading = 0
        if now == 0 { ask() }
        return now
    }

    @_noLocks
    private mutating func take(_ answer: LinkMarker) {
        guard isAsking, answer.sequence == sequence else { return }
        isAsking = false
        reading = answer.clock
        done = sentBeforeQuestion
    }

    @_noLocks
    private mutating func ask() {
        let now = TSC.now()
        if isAsking && now &- askedAt < patience { return }
        guard pool.allocate(1, into: &marker) else { return }
        sequence &+= 1
        let mbuf = marker[0]
        guard mbuf.setLength(LinkMarker.length),
            LinkMarker(nonce: nonce, sequence: sequence).write(to: mbuf.mutableBytes), endpoint.transmit(&marker) == 1
        else {
            marker.free()
            return
        }
        isAsking = true
        askedAt = now
        sentBeforeQuestion = sent
    }

    /// No lcore may be using it.
    func close() { client.close() }
}
