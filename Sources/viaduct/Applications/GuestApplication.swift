// SPDX-License-Identifier: BSD-3-Clause
import Dataplane
import Netfront

/// A program that is the guest: works on a network device and never learns which path a packet took.
protocol GuestApplication: ~Copyable {
    /// For logs and status.
    static var name: String { get }
    /// What the guest's lcore calls, with an ``ApplicationSlot`` of this application as its context.
    static var poll: Poller.Function { get }

    /// One round of work; how many packets it handled. Packets that the device does not take now are kept, and offered again
    /// before anything newer. Calls ``GuestDeviceHandle/receive(into:)`` each time, since the device needs it.
    @_noLocks mutating func poll(_ guest: GuestDeviceHandle) -> Int
}

/// What the guest's lcore is given.
struct ApplicationSlot<Application: GuestApplication & ~Copyable>: ~Copyable {
    var application: Application
    let guest: GuestDeviceHandle
}

/// What applications count; each uses those that mean something to it.
enum ApplicationCounter: Int, CaseIterable, Sendable {
    case received = 0
    case sent
    /// Received and not answered.
    case ignored
    case lost
    case reordered
    case duplicated
    /// Packets that wait to be sent.
    case unsent

    var index: Int { @_noLocks get { rawValue } }
}

extension ArrivalChecker {
    /// Shows what was found so far.
    @_noLocks
    func publish(to counters: Counters) {
        counters.set(sequences.lost, at: ApplicationCounter.lost.index)
        counters.set(sequences.reordered &+ sequences.stale, at: ApplicationCounter.reordered.index)
        counters.set(sequences.duplicated, at: ApplicationCounter.duplicated.index)
    }
}
