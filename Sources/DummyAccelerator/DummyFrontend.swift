// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK

/// The guest's half: one value for each guest device that uses the plugin.
///
/// A `~Copyable` struct, not a class: the hot operations work on it in place, and reference counting is refused under
/// `@_noLocks`. A plugin with a VI keeps its queue pair and its counters here.
struct DummyFrontend: FrontendAccelerator, ~Copyable {
    /// Where the hot operations count. `new_device` fills it in, as the protocol's initialiser knows nothing of the plugin.
    var calls: DummyCalls?
    /// For the control-plane hooks. A class may be stored here; only the hot operations must not touch it.
    var journal: DummyJournal?

    /// nil would refuse the device, which then goes on by the slow path without us. We take every one.
    init?(vif: VifDescription) {}

    /// A VI is granted. A plugin that has use for it sets its receive ring up here, on a control-plane thread, while no lcore is
    /// inside any hook of the device. We have none, so we refuse, and the guest stays on the slow path.
    mutating func open(_ grant: Grant, id: UInt32, transmitDescriptors: UInt16) throws(DPDKError) {
        throw DPDKError("open a VI with the dummy plugin", code: 95)
    }

    /// Called before `remove` and `suspend`, too, whether a VI is open or not.
    mutating func close() {}
    /// The guest stops for a while; `close()` comes first.
    mutating func suspend() {}
    mutating func resume() {}

    /// Hot. The VI's frames go into the lent slots and belong to the host from then on. We have none.
    @_noLocks
    mutating func poll(into burst: BorrowedBurst) -> Int {
        calls?.count(.poll)
        return 0
    }

    /// Hot. Netfront asks before anything else and sends what is declined by the slow path. It has declined some packets
    /// already: only those that are still `eligible` are ours to judge.
    @_noLocks
    mutating func transmit(_ burst: BorrowedBurst, verdicts: Verdicts) {
        calls?.count(.transmit)
        var index = 0
        while index < verdicts.count {
            // `accepted` would mean that the mbuf is ours now; `busy` that netfront keeps it and asks again.
            if verdicts[index] == .eligible { verdicts[index] = .declined(.notConnected) }
            index += 1
        }
    }

    /// Hot. Nothing was accepted, so nothing is under way. nil is for hardware that can't tell.
    @_noLocks
    mutating func isTransmitDone() -> Bool? {
        calls?.count(.transmitDone)
        return true
    }

    /// Hot. By this clock netfront measures how long the VI stayed empty. Without a VI any clock will do.
    @_noLocks
    mutating func clock() -> UInt64 {
        calls?.count(.clock)
        return TSC.now()
    }

    /// Hot. The lcore wants to sleep. True would keep it awake: "there is work already".
    @_noLocks
    mutating func armWakeup() -> Bool {
        calls?.count(.armWakeup)
        return false
    }

    /// Hot. The lcore is awake again.
    @_noLocks
    mutating func disarmWakeup() { calls?.count(.disarmWakeup) }

    /// Hot. Whether a VI is open. Netfront knows that by itself and does not ask; it polls only between `open` and `close`.
    var isReady: Bool {
        @_noLocks get {
            calls?.count(.isReady)
            return false
        }
    }

    /// Read alongside the hot operations, thus from cells that only they write.
    var statistics: viaduct_path_statistics { viaduct_path_statistics() }
}
