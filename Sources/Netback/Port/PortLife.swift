// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// The lives of a netback's port, one after the other: what its events ask for, in which order, and when. A pure value.
///
/// What DPDK demands of an application (22.11, rte_ethdev.h):
/// * RTE_ETH_EVENT_INTR_RESET: the port is reset by the application, which stops receiving and sending before
///   `rte_eth_dev_reset`, and configures and starts it again afterwards.
/// * RTE_ETH_EVENT_ERR_RECOVERING: the driver does it by itself; until it says how that ended, no function of the control path may be called.
/// * RTE_ETH_EVENT_RECOVERY_SUCCESS: "the effect is the same as a restart operation"; flow rules may be gone.
/// * RTE_ETH_EVENT_RECOVERY_FAILED: "the port should not be usable anymore".
struct PortLife: Sendable {
    enum Step: Equatable {
        /// Everybody leaves the port.
        case suspend
        /// Nobody uses it any more: it is to be reset.
        case reset
        /// It may be used again.
        case resume
    }

    /// Nanoseconds until a reset that failed is tried again: the first time, and at most.
    static let firstPause: UInt64 = 100_000_000
    static let longestPause: UInt64 = 30_000_000_000

    /// Between `suspend` and `resume`.
    private(set) var isSuspended = false
    /// The driver is at work on the port.
    private(set) var isRecovering = false
    private(set) var isDead = false
    private(set) var resets: UInt64 = 0
    private(set) var recoveries: UInt64 = 0
    private(set) var failures: UInt64 = 0
    /// What the last try to reset the port came to, if that was nothing.
    private var failure: String?
    private var needsReset = false
    /// Its life ended by itself, which may have been over before anybody left.
    private var wasRestarted = false
    private var pause: UInt64 = 0
    private var nextTry: UInt64 = 0

    /// Why the port can't be used; nil while it can.
    var reason: String? {
        if isDead { return "the driver could not repair the port; it has to be closed" }
        if isRecovering { return "the driver repairs the port" }
        if let failure { return "\(failure); it is tried again" }
        return isSuspended || needsReset || wasRestarted ? "the port is being reset" : nil
    }

    /// The driver says so. A change of the link ends no life.
    mutating func note(_ event: PortEvent) {
        switch event {
        case .linkChanged: break
        case .resetRequested:
            // Whatever was the matter, now the driver takes a reset. One that fails may ask for the next.
            isDead = false
            if !needsReset { nextTry = 0 }
            needsReset = true
        case .recovering:
            isRecovering = true
            isDead = false
            wasRestarted = true
        case .recovered:
            isRecovering = false
            isDead = false
            recoveries += 1
        case .recoveryFailed:
            isRecovering = false
            isDead = true
            failures += 1
        }
    }

    /// The port is reset as soon as nobody uses it.
    var awaitsReset: Bool { isSuspended && needsReset && !isRecovering && !isDead }

    /// What is to be done now; the same answer until it was done.
    ///
    /// - Parameter isLeft: nobody uses the port, which only matters after `suspend`.
    func step(now: UInt64, isLeft: Bool) -> Step? {
        guard isSuspended else { return needsReset || isRecovering || isDead || wasRestarted ? .suspend : nil }
        if isRecovering || isDead || !isLeft { return nil }
        if awaitsReset { return now >= nextTry ? .reset : nil }
        return .resume
    }

    mutating func suspended() { isSuspended = true }

    mutating func resumed() {
        isSuspended = false
        wasRestarted = false
    }

    mutating func wasReset() {
        needsReset = false
        failure = nil
        pause = 0
        resets += 1
    }

    mutating func resetFailed(_ words: String, now: UInt64) {
        failure = words
        failures += 1
        pause = min(max(pause * 2, Self.firstPause), Self.longestPause)
        nextTry = now + pause
    }
}
