// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import EventLog
import Foundation
import Logging

/// A vif's end of its attach socket: lets one process in at a time, carries the control link, notices its end, and takes back what
/// it held. All of it runs in the control plane's tick, with its lock held; nothing here waits.
///
/// The order after a guest's end, whatever ended it: the lane lets go of the rings, the plugin stops steering, the process has ended,
/// the pools' rings are reset, the VI's queue is stopped, the pools are rebuilt, the queue is started.
final class AttachedGuest {
    /// How long a process may take to say hello, in nanoseconds.
    static let greetingLimit: UInt64 = 1_000_000_000
    /// How long a plugin may take to let go of a dead guest's VI.
    static let restLimit: UInt64 = 15_000_000_000

    let configuration: AttachmentConfiguration
    let name: String
    let logger: Logger
    private let listener: MessageListener
    /// The guest's end of the vif's control link inside this process.
    let link: InMemoryControlLink
    let netbackLink: InMemoryControlLink

    var status = AttachmentStatus()
    var socket: MessageSocket?
    private var process: PeerProcess?
    /// When the stage began.
    private var since: UInt64 = 0
    private var lastTick: UInt64 = 0
    private var isKilled = false
    private var isReclaimLate = false

    // The carrying of messages.
    var heard: UInt64 = 0
    var pinged: UInt64 = 0
    var ping: UInt32 = 0
    /// A message that found no room, in either direction.
    var outgoing: [UInt8]?
    var incoming: [UInt8]?
    var flood = FloodGuard()
    /// The guest may have opened its VI.
    var wasGranted = false

    /// What the control plane has to do about the vif.
    enum Duty {
        case nothing
        /// The guest polls its rings from now on.
        case connect
        /// It is to be taken for gone: the lane must let go of the rings, and the plugin of the VI.
        case disconnect
        /// It is gone: see ``reclaim(isAtRest:now:)``.
        case reclaim
    }

    init(_ configuration: AttachmentConfiguration, name: String, path: String, logger: Logger) throws(SocketError) {
        self.configuration = configuration
        self.name = name
        self.logger = logger
        let links = InMemoryControlLink.makePair()
        link = links.frontend
        netbackLink = links.backend
        listener = try MessageListener(path: path)
    }

    /// Moves on; what the control plane has to do.
    func tick(now: UInt64) -> Duty {
        // While this process was not run, nobody could be heard.
        if lastTick != 0, now - lastTick > 100_000_000 { heard += now - lastTick }
        lastTick = now
        switch status.stage {
        case .listening:
            if let peer = listener.accept() { greet(peer, now) }
            return .nothing
        case .greeting:
            return awaitHello(now)
        // Others are looked at last: a guest whose end was not noticed yet must not keep the next one out.
        case .starting:
            defer { refuseOthers() }
            if now - since > configuration.startLimitMilliseconds * 1_000_000 { return end("it did not start in time", now) }
            return listen(now)
        case .serving:
            defer { refuseOthers() }
            return serve(now)
        case .ending:
            return awaitEnd(now)
        case .reclaiming:
            return .reclaim
        }
    }

    private func enter(_ stage: AttachmentStatus.Stage, _ now: UInt64) {
        status.stage = stage
        since = now
    }

    // MARK: Coming

    private func greet(_ peer: MessageListener.Peer, _ now: UInt64) {
        guard peer.uid == 0 || peer.uid == geteuid() else { return refuse(peer.socket, "user \(peer.uid) may not attach") }
        guard let opened = PeerProcess(pid: peer.pid) else {
            return refuse(peer.socket, "there is no process \(peer.pid): is it in another PID namespace?")
        }
        socket = peer.socket
        process = opened
        status.pid = peer.pid
        enter(.greeting, now)
    }

    /// Others come in vain while a guest is there. Before it was let in, and behind its end, they wait.
    private func refuseOthers() {
        guard status.stage == .starting || status.stage == .serving, let peer = listener.accept() else { return }
        refuse(peer.socket, "vif \(name) has a guest, process \(status.pid ?? 0)")
    }

    private func refuse(_ socket: MessageSocket, _ words: String) {
        status.refused += 1
        _ = socket.send(AttachCodec.encode(.refused(words)))
        socket.close()
    }

    private func awaitHello(_ now: UInt64) -> Duty {
        guard let socket else { return leave(now) }
        switch socket.receive() {
        case .nothing:
            if now - since > Self.greetingLimit { return leave(now) }
            return .nothing
        case .closed:
            return leave(now)
        case .message(let bytes):
            guard case .hello(let version, let vif)? = try? AttachCodec.decode(bytes, from: .frontend) else {
                return turnAway("it did not say hello", now)
            }
            guard version == AttachProtocol.version else {
                return turnAway("it speaks version \(version), this host \(AttachProtocol.version): use the same build", now)
            }
            guard vif == name else { return turnAway("this is the socket of vif \(name)", now) }
            _ = socket.send(AttachCodec.encode(.accepted(configuration.terms)))
            isKilled = false
            outgoing = nil
            incoming = nil
            flood = FloodGuard()
            wasGranted = false
            heard = now
            enter(.starting, now)
            logger.log(NetbackEvent.guestAttaching, ["vif": "\(name)", "pid": "\(status.pid ?? 0)"])
            return .nothing
        }
    }

    private func turnAway(_ words: String, _ now: UInt64) -> Duty {
        status.reason = words
        if let socket { refuse(socket, words) }
        return leave(now)
    }

    /// Somebody who was never let in goes.
    private func leave(_ now: UInt64) -> Duty {
        socket?.close()
        socket = nil
        process = nil
        status.pid = nil
        enter(.listening, now)
        return .nothing
    }

    func guestIsReady(_ now: UInt64) -> Duty {
        status.served += 1
        status.reason = nil
        pinged = now
        enter(.serving, now)
        logger.log(NetbackEvent.guestAttached, ["vif": "\(name)", "pid": "\(status.pid ?? 0)"])
        return .connect
    }

    /// The lane serves its rings. The socket has room: nothing was said since the guest was accepted.
    func admit() { _ = socket?.send(AttachCodec.encode(.admitted)) }

    // MARK: Going

    /// The guest's socket closed: it ended, or it will.
    func guestLeft(_ now: UInt64) -> Duty { end(nil, now) }

    /// The guest touches nothing any more. Its process may live on, and be the next guest.
    func guestSaidGoodbye(_ now: UInt64) -> Duty {
        process = nil
        return end(nil, now)
    }

    /// The guest says that it could not start, and touches nothing.
    func guestFailed(_ words: String, _ now: UInt64) -> Duty {
        logger.log(NetbackEvent.guestNotStarted, ["vif": "\(name)", "words": "\(words)"])
        status.reason = words
        status.ended += 1
        socket?.close()
        socket = nil
        process = nil
        enter(.reclaiming, now)
        return .disconnect
    }

    /// The process must end, whatever it does: its rings, its pools and its VI are needed. With `fault`, because it is at fault.
    func end(_ fault: String?, _ now: UInt64) -> Duty {
        status.reason = fault
        status.ended += 1
        if let fault {
            status.killed += 1
            logger.log(NetbackEvent.guestKilled, ["vif": "\(name)", "pid": "\(status.pid ?? 0)", "reason": "\(fault)"])
            kill()
        } else {
            logger.log(NetbackEvent.guestLeft, ["vif": "\(name)", "pid": "\(status.pid ?? 0)"])
        }
        socket?.close()
        socket = nil
        enter(.ending, now)
        return .disconnect
    }

    private func kill() {
        isKilled = true
        process?.kill()
    }

    private func awaitEnd(_ now: UInt64) -> Duty {
        if let process, !process.isOwn, !process.hasEnded {
            // Who closes its socket and lives on would touch what is about to be given to another.
            if !isKilled && now - since > 20_000_000 { kill() }
            return .nothing
        }
        process = nil
        enter(.reclaiming, now)
        return .reclaim
    }

    /// Makes everything that the dead guest could have held as new, once the lane and the plugin have let go; whether that is done.
    func reclaim(isAtRest: Bool, now: UInt64) -> Bool {
        guard isAtRest else {
            if now - since > Self.restLimit, !isReclaimLate {
                isReclaimLate = true
                logger.log(NetbackEvent.deadGuestKeepsVI, ["vif": "\(name)"])
            }
            return false
        }
        isReclaimLate = false
        do throws(DPDKError) {
            try rebuild()
        } catch {
            status.quarantine = "\(error)"
            logger.log(NetbackEvent.deadGuestsVIQuarantined, ["vif": "\(name)", "reason": "\(error)"])
        }
        // What was under way to the dead one is not the next one's.
        link.reset()
        status.reclaimed += 1
        status.pid = nil
        let began = since
        enter(.listening, now)
        let now = DispatchTime.now().uptimeNanoseconds
        status.lastReclaimNanoseconds = now - began
        status.longestReclaimNanoseconds = max(status.longestReclaimNanoseconds, now - began)
        return true
    }

    /// Throws when the VI's queue can't be stopped; the slow path is whole all the same.
    private func rebuild() throws(DPDKError) {
        let own = configuration.rings
        var problem: DPDKError?
        let interface = wasGranted && status.quarantine == nil ? configuration.virtualInterface : nil
        // Stopping the queue frees into both pools: into the VI's what was posted, into the guest's what was sent.
        own.map.reset()
        if let interface {
            interface.map.reset()
            do throws(DPDKError) {
                try interface.queue.stop()
                try interface.map.rebuild()
            } catch {
                problem = error
            }
        }
        own.reset()
        try own.map.rebuild()
        if let problem { throw problem }
        if let interface { try interface.queue.start() }
    }

    /// Makes the pools of a VI in quarantine as new, which may be used again; whether there was one.
    ///
    /// - Precondition: no queue of the port holds an mbuf, and no guest is there.
    func endQuarantine() throws(DPDKError) -> Bool {
        guard status.quarantine != nil, let interface = configuration.virtualInterface else { return false }
        // Into this one went what had been sent by the VI.
        try configuration.rings.map.rebuild()
        try interface.map.rebuild()
        status.quarantine = nil
        return true
    }

    // MARK: The end

    /// Sends the guest away for good, and waits until it has ended, at most a second before it is killed.
    func close() {
        guard let process, !process.isOwn, status.stage != .greeting else { return hangUp() }
        if status.stage == .serving { _ = socket?.send(AttachCodec.encode(.ending)) } else { hangUp() }
        for attempt in 0..<200 {
            if process.hasEnded || hasSaidGoodbye() { return hangUp() }
            if attempt == 100 { process.kill() }
            usleep(10_000)
        }
        hangUp()
        logger.log(NetbackEvent.guestNotEnding, ["vif": "\(name)", "pid": "\(process.pid)"])
    }
}

extension AttachedGuest {
    private func hangUp() {
        socket?.close()
        socket = nil
    }

    /// Throws away what else it says.
    private func hasSaidGoodbye() -> Bool {
        while let socket, case .message(let bytes) = socket.receive() {
            if case .left? = try? AttachCodec.decode(bytes, from: .frontend) { return true }
        }
        return false
    }
}

/// Finds out when a guest says more than any hand-shake needs.
struct FloodGuard {
    /// Messages in a second.
    static let limit = 2000
    private var began: UInt64 = 0
    private var count = 0

    /// Notes a message; false when it is one too many.
    mutating func admit(now: UInt64) -> Bool {
        if now - began > 1_000_000_000 {
            began = now
            count = 0
        }
        count += 1
        return count <= Self.limit
    }
}
