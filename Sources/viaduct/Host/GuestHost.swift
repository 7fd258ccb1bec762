// SPDX-License-Identifier: BSD-3-Clause
import Control
import Dataplane
import Netfront

/// What is around a guest in its process.
protocol GuestHost: AnyObject {
    var netfront: Netfront { get }
    var group: PollGroup { get }
    func loop(for role: HostRole) -> Int
}
