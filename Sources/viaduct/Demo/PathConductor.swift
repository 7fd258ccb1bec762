// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Foundation
import Netfront

/// Switches a guest's acceleration by a schedule and watches what comes of it: which path is in use, how fast it is, whether each
/// switch happened in time.
///
/// - Thread: the command's own.
final class PathConductor {
    private let host: EmbeddedHost
    private var schedule: SwitchSchedule
    private var start = DispatchTime.now().uptimeNanoseconds
    private(set) var meter = PathMeter()
    private(set) var flowShare = FlowShareMeter()
    private(set) var timeline = PathTimeline()
    /// How frames came to the VI when one was last in use; what was tried, while none was.
    private(set) var steering: SteeringReport?
    /// Switches that were commanded.
    private(set) var commanded = 0
    private var pending: (wanted: Bool, until: Double)?
    private var isWanted = false

    /// A switch waits for traffic, and for the host's round-trips on a loaded machine.
    static let limitSeconds = 10.0

    init(_ host: EmbeddedHost, schedule: SwitchSchedule) {
        self.host = host
        self.schedule = schedule
    }

    /// The run begins now; the wall clock's time, in seconds since 1970.
    @discardableResult
    func begin() -> Double {
        start = DispatchTime.now().uptimeNanoseconds
        return Date().timeIntervalSince1970
    }

    var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9 }

    /// Whether a switch was commanded that has not happened yet.
    var isSwitching: Bool { pending != nil }

    /// The guest's status, after what was due was done.
    func advance() throws(CommandFailure) -> NetfrontStatus {
        let now = seconds
        let status = host.netfront.currentStatus
        if let (wanted, until) = pending {
            if Self.has(status, reached: wanted) {
                pending = nil
            } else if now > until {
                throw CommandFailure(
                    "acceleration did not go \(wanted ? "on" : "off") within \(Int(Self.limitSeconds)) s: " + describe(status))
            }
        }
        if pending == nil, let change = schedule.takeDue(at: now) { command(change.wanted) }
        let isStable = pending == nil && status.isFast == isWanted
        if let current = host.steering, current.form != nil && status.isFast || steering?.form == nil { steering = current }
        let path: SwitchRecord.Path? = isStable ? (status.isFast ? .fast : .slow) : nil
        let sample = PathSample(status, time: now, path: path)
        meter.note(sample)
        flowShare.note(sample, host.flowReport)
        timeline.note(path, at: now)
        return status
    }

    /// Off is reached when the VI is given back.
    private static func has(_ status: NetfrontStatus, reached wanted: Bool) -> Bool {
        switch status.acceleration.state {
        case .connected: wanted
        case .granted, .proving, .draining: false
        case .none, .offered, .refused, .quarantined: !wanted
        }
    }

    private func command(_ wanted: Bool) {
        pending = (wanted, seconds + Self.limitSeconds)
        isWanted = wanted
        commanded += 1
        host.setAcceleration(wanted)
    }

    /// Switches acceleration off, unless it is, and waits until it is.
    func finish() throws(CommandFailure) {
        schedule = .none
        if isWanted { command(false) }
        while isSwitching {
            _ = try advance()
            Thread.sleep(forTimeInterval: 0.005)
        }
    }

    private func describe(_ status: NetfrontStatus) -> String {
        let backend = host.backendStatus
        let reason = backend.reason ?? backend.state.reason ?? status.acceleration.reason
        return "the guest is \(status.acceleration.state), the host \(backend.state)" + (reason.map { ", \($0)" } ?? "")
    }
}
