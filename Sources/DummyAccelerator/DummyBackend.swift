// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Wire

/// The host's half: one object for all vifs of a port.
///
/// Netback calls these on control-plane threads, one call at a time for a vif; a plugin that keeps state guards it by a lock
/// nevertheless, because calls for two vifs, and its own status, come from several threads. ``BackendHooks`` turns a
/// `BackendAccelerator` into the hooks table.
final class DummyBackend: BackendAccelerator {
    private let journal: DummyJournal

    init(journal: DummyJournal) { self.journal = journal }

    /// First of all. `host` is how a plugin asks netback for something: to send a control message, to hold a vif's frames, to
    /// put a fence behind them, to show a status. Valid until `detach()` has returned.
    func attach(_ host: BackendHost) { journal.called(.attach) }

    /// Last of all; every vif was removed.
    func detach() { journal.called(.detach) }

    /// A vif that may be accelerated. False leaves it to the slow path without us. A plugin keeps state for it from here on,
    /// but starts nothing before it is wanted.
    func probe(_ vif: VifDescription) -> Bool {
        journal.called(.probe)
        return true
    }

    /// Everything that the vif had must be taken down when this returns: first the steering, then the queue, then the memory.
    func remove(vif: UInt32) { journal.called(.removeVif) }

    /// Acceleration is wanted, or not any more. A plugin that has a VI to give sends an offer here, and leaves it to a
    /// `BackendMachine` to keep the order of everything that follows. We offer nothing.
    func want(_ wanted: Bool, vif: UInt32) { journal.called(.want) }

    /// What the vif's frontend says, straight from the guest: decode it with `ControlCodec`, believe nothing.
    func controlMessage(_ bytes: [UInt8], vif: UInt32) { journal.called(.controlMessage) }

    /// What the slow path says: answers to holds, releases and fences, the guest comes and goes.
    func pathEvent(_ event: PathEvent, vif: UInt32) { journal.called(.pathEvent) }

    /// All addresses on this host: a guest must not send to them by its VI, which leads to the wire.
    func localAddresses(_ addresses: [MACAddress], generation: UInt64) { journal.called(.localAddresses) }

    /// The port is about to stop: its queues lose what they hold, its flow rules are gone.
    func portSuspended() { journal.called(.portSuspended) }

    /// The port runs again, without any rule.
    func portResumed() { journal.called(.portResumed) }

    func linkChanged(isUp: Bool) { journal.called(.linkChanged) }

    /// About once a millisecond, with nanoseconds of a monotonic clock: time limits, retries, and whatever the hot hooks left to
    /// be looked at.
    func tick(now: UInt64) { journal.called(.tick) }
}

// The two hot hooks, on the lcore of the default queue. They look at a burst and take nothing: netback goes on with it. A plugin
// that waits for frames of a guest counts them here, in memory of its own behind `HotContext`.

@c(viaduct_dummy_received_from_wire) @_noLocks
func dummyReceivedFromWire(
    _ plugin: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: UInt16
) {
    unsafe HotContext.of(plugin).assumingMemoryBound(to: DummyCalls.self).pointee.count(.receivedFromWire)
}

@c(viaduct_dummy_transmitted_to_wire) @_noLocks
func dummyTransmittedToWire(
    _ plugin: UnsafeMutableRawPointer, _ mbufs: UnsafeMutablePointer<UnsafeMutableRawPointer?>, _ count: UInt16
) {
    unsafe HotContext.of(plugin).assumingMemoryBound(to: DummyCalls.self).pointee.count(.transmittedToWire)
}
