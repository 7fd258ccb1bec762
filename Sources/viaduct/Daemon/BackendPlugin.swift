// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Control
import DPDK
import Logging
import Netback
import PluginFolder

/// The backend's plugin of a host, whatever it is.
struct BackendPlugin {
    private let file: PluginFile?
    private let accelerated: AcceleratedBackendPlugin?

    var backend: AcceleratedBackend? { accelerated?.backend }

    /// Without a VI nobody can be accelerated, and the port is not programmed.
    init(
        _ configuration: DaemonConfiguration, file: PluginFile?, port: PortID, virtualInterfaces: [VirtualInterface],
        logger: Logger
    ) throws {
        self.file = file
        guard configuration.plugin == .accelerated, !virtualInterfaces.isEmpty else {
            accelerated = nil
            return
        }
        var settings = AcceleratedBackendConfiguration()
        settings.maximumVifs = configuration.switching.maximumVifs
        for vif in configuration.acceleratedVifs {
            settings.flows.addresses[vif.mac] = vif.addresses
            settings.quotas.vifs[vif.mac] = vif.quotas
        }
        accelerated = AcceleratedBackendPlugin(
            try AcceleratedBackend(
                configuration: settings, port: port, virtualInterfaces: virtualInterfaces, logger: logger))
    }

    /// Opens the plugin's file, if it is one.
    static func loadFile(_ plugin: PluginSettings) throws -> PluginFile? {
        guard case .file(let name, let folder) = plugin else { return nil }
        let file = try PluginFolder(path: folder).load(name)
        guard unsafe file.backendHooks != nil else {
            throw HostError("\(file.path) has no backend's half: name another plugin")
        }
        return file
    }

    func load(into netback: Netback) throws(NetbackError) {
        if let accelerated { try unsafe netback.loadPlugin(accelerated.hooks) }
        if let hooks = unsafe file?.backendHooks { try unsafe netback.loadPlugin(hooks) }
    }

    /// What a vif may use of the port, from now on.
    func setQuotas(of vif: VifSettings) {
        guard let backend else { return }
        var quotas = backend.quotas
        quotas.vifs[vif.mac] = vif.quotas
        backend.setQuotas(quotas)
    }
}
