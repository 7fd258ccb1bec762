// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedFrontend
import Acceleration
import DPDK
import Dataplane
import Logging
import Netback
import Netfront
import Wire

/// One guest of an embedded host: its vif, the control link to it, and its netfront.
final class EmbeddedGuest: Sendable {
    let name: String
    let vif: UInt32
    let netfront: Netfront
    /// Of a guest that is accelerated by the port's own VIs.
    let plugin = AcceleratedFrontendPlugin()
    private let backendLink: any ControlLink

    /// Adds the vif, and opens the guest's end of it.
    init(
        _ index: Int, of configuration: EmbeddedHost.Configuration, netback: Netback, socketFolder: String, group: PollGroup,
        logger: Logger
    ) throws {
        name = Self.name(index)
        let mac = configuration.mac(ofGuest: index)
        let socket = "\(socketFolder)/\(name)"
        let links = InMemoryControlLink.makePair()
        backendLink = links.backend
        vif = try netback.addVif(
            VifConfiguration(
                name: name, mac: mac, vlan: configuration.settings.vlan, socketPath: socket,
                acceleration: configuration.accelerationWanted),
            link: links.backend)
        netfront = try Netfront(
            NetfrontConfiguration(name: name, mac: mac, socketPath: socket), link: links.frontend, group: group, logger: logger)
    }

    static func name(_ index: Int) -> String { "guest\(index)" }
}
