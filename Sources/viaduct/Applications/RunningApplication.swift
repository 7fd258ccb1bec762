// SPDX-License-Identifier: BSD-3-Clause
import Control
import Dataplane
import Netfront

/// Puts an application on its lcore and takes it off again.
@safe
final class RunningApplication<Application: GuestApplication & ~Copyable>: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the slot belongs to its lcore until remove() took it off.
    private let group: PollGroup
    private let slot: UnsafeMutablePointer<ApplicationSlot<Application>>
    private var isOnLcore = true

    init(_ application: consuming Application, guest: GuestDeviceHandle, group: PollGroup, loop: Int) {
        self.group = group
        unsafe slot = .allocate(capacity: 1)
        unsafe slot.initialize(to: ApplicationSlot(application: application, guest: guest))
        unsafe group.add(
            Poller(name: Application.name, function: Application.poll, context: UnsafeMutableRawPointer(slot)), toLoop: loop)
    }

    /// Puts the application on the guest's lcore of `host`.
    convenience init(_ application: consuming Application, on host: any GuestHost) {
        self.init(application, guest: host.netfront.guest, group: host.group, loop: host.loop(for: .guest))
    }

    /// Takes the application off its lcore, lets `body` look at it, and frees it together with the packets that it holds. nil,
    /// with nothing freed, when a poller of the group is stuck or it was removed before.
    func remove<Result>(_ body: (inout Application) -> Result) -> Result? {
        guard isOnLcore else { return nil }
        isOnLcore = false
        guard unsafe group.remove(context: UnsafeMutableRawPointer(slot)) else { return nil }
        let result = unsafe body(&slot.pointee.application)
        unsafe slot.deinitialize(count: 1)
        unsafe slot.deallocate()
        return result
    }
}

/// A running application of any kind.
protocol AnyRunningApplication: AnyObject, Sendable {
    /// Takes it off its lcore for good; false when a poller is stuck.
    func remove() -> Bool
}

extension RunningApplication: AnyRunningApplication where Application: ~Copyable {
    func remove() -> Bool { remove { _ in true } ?? false }
}
