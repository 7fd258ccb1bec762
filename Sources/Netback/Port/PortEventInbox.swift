// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Where a port's events wait for the control plane. They come on DPDK's interrupt thread, which has to go on, and on which a port
/// must not be reset.
final class PortEventInbox: Sendable {
    private let events = Lock<[PortEvent]>([])

    func put(_ event: PortEvent) {
        // Said twice in a row it means the same.
        events.withLock { if $0.last != event { $0.append(event) } }
    }

    func takeAll() -> [PortEvent] {
        events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}
