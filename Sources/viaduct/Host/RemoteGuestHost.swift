// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedFrontend
import Control
import DPDK
import Dataplane
import Foundation
import Logging
import Netfront
import Wire

/// A guest in a DPDK process of its own, which shares nothing with its host but what vhost-user needs, and its VI's memory, which is its own.
final class RemoteGuestHost: GuestHost {
    let netfront: Netfront
    let group: PollGroup
    private let runtimeFolder: SocketFolder?
    /// nil for a guest that is not to be accelerated.
    private let plugin: AcceleratedFrontendPlugin?

    /// Starts the EAL and opens the slow path; a host that wants to accelerate the guest is found at the socket's path with `.link`.
    ///
    /// - Parameter listens: the guest serves the socket. One there that nobody serves is replaced.
    init(socket: String, mac: MACAddress, listens: Bool, accelerates: Bool, logger: Logger) throws {
        if listens { try SocketPath.prepare(socket) }
        // The EAL wants a folder of its own even where it puts nothing there; an ordinary user may not make its default one.
        runtimeFolder = geteuid() == 0 ? nil : try SocketFolder()
        if let runtimeFolder { unsafe setenv("XDG_RUNTIME_DIR", runtimeFolder.path, 1) }
        try DPDKLog.capture()
        let cpus = Processors.allowed
        try EAL.start(EALConfiguration(workers: [cpus], memory: .preferred(megabytes: 128)))
        group = try PollGroup(lcores: LcoreID.workers, idle: .adaptive)
        var configuration = NetfrontConfiguration(name: "guest", mac: mac, socketPath: socket)
        configuration.servesSocket = listens
        netfront = try Netfront(configuration, link: RemoteHostLink(path: socket + ".link"), group: group, logger: logger)
        plugin = accelerates ? AcceleratedFrontendPlugin() : nil
        if let plugin { try unsafe netfront.loadPlugin(plugin.hooks) }
    }

    func loop(for role: HostRole) -> Int { 0 }

    func stop() {
        netfront.close()
        group.stop()
        runtimeFolder?.remove()
    }
}
