// SPDX-License-Identifier: BSD-3-Clause
import CProcess
import Dataplane

/// A client on its way to a session: what it brought so far, all of it checked.
struct MemifAdmission {
    enum Step {
        case answer(MemifMessage)
        /// To be answered by ``MemifMessage/connected(name:)`` once the lcore sees the session.
        case connect
        /// The client is to be sent away.
        case refuse(String)
        /// The client goes by itself.
        case leave(String)
    }

    private enum Stage { case greeted, introduced }

    private struct Ring {
        let region: Int
        let offset: Int
        let log2Size: UInt8
    }

    private let configuration: MemifConfiguration
    private var stage = Stage.greeted
    private var regions: [MemifRegion] = []
    private var toServer: Ring?
    private var toClient: Ring?

    init(_ configuration: MemifConfiguration) { self.configuration = configuration }

    static func greeting(_ configuration: MemifConfiguration) -> MemifMessage {
        .hello(
            name: configuration.name, versions: MemifProtocol.version...MemifProtocol.version,
            lastRegion: UInt16(MemifConfiguration.maximumRegions - 1), lastRings: 0,
            maximumLog2RingSize: MemifConfiguration.maximumLog2RingSize)
    }

    /// Takes one message, with the descriptor that came along, which is closed by this call.
    mutating func take(_ message: MemifMessage, descriptor: Int32) -> Step {
        defer { if descriptor >= 0 { cprocess_close(descriptor) } }
        switch (message, stage) {
        case (.initialize(let version, let id, let mode, let secret, _), .greeted):
            if version != MemifProtocol.version { return .refuse("unsupported version") }
            // Which of these it is, is nobody's business who does not know the secret.
            guard Self.isEqual(secret, configuration.secretBytes), id == configuration.id else {
                return .refuse("wrong id or secret")
            }
            if mode != MemifProtocol.ethernetMode { return .refuse("an Ethernet interface is served here") }
            stage = .introduced
            return .answer(.ack)
        case (.addRegion(let index, let size), .introduced):
            guard toServer == nil, toClient == nil, Int(index) == regions.count, regions.count < MemifConfiguration.maximumRegions
            else { return .refuse("a region out of turn") }
            do throws(MemifError) {
                guard descriptor >= 0 else { throw MemifError("a region without its memory") }
                let left = MemifConfiguration.maximumMemory - regions.reduce(0) { $0 + $1.size }
                regions.append(try MemifRegion(descriptor: descriptor, size: size, limit: left))
            } catch {
                return .refuse("\(error)")
            }
            return .answer(.ack)
        case (.addRing(let flags, let index, let region, let offset, let log2Size, let headerSize), .introduced):
            let isToServer = flags & MemifProtocol.clientToServer != 0
            guard index == 0, (isToServer ? toServer : toClient) == nil else {
                return .refuse("one ring each way is served here")
            }
            guard headerSize == 0, (1...MemifConfiguration.maximumLog2RingSize).contains(log2Size), Int(region) < regions.count,
                offset % 64 == 0,
                Int(offset) + MemifProtocol.ringLength(log2Size: log2Size) <= regions[Int(region)].size
            else { return .refuse("a ring that is not in its region") }
            let ring = Ring(region: Int(region), offset: Int(offset), log2Size: log2Size)
            if isToServer { toServer = ring } else { toClient = ring }
            return .answer(.ack)
        case (.connect, .introduced):
            return toServer == nil || toClient == nil ? .refuse("a ring is missing") : .connect
        case (.disconnect(_, let reason), _): return .leave(reason)
        default: return .refuse("a message out of turn")
        }
    }

    /// After ``Step/connect``: the session; nil when its rings are none.
    func session(_ counters: Counters) -> MemifSession? {
        guard let inbound = toServer.map(ring), let outbound = toClient.map(ring), inbound.hasCookie, outbound.hasCookie else {
            return nil
        }
        return MemifSession(inbound: inbound, outbound: outbound, regions: regions, counters: counters)
    }

    private func ring(_ ring: Ring) -> MemifRing {
        unsafe MemifRing(at: regions[ring.region].base + ring.offset, log2Size: ring.log2Size)
    }

    /// Takes as long whatever differs.
    private static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && zip(one, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
