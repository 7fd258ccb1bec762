// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import AcceleratedFrontend
import Acceleration
import CViaductAccel
import DPDK
import Foundation
import Logging
import SoftNIC

/// Both halves of the plugin that does accelerate.
final class AcceleratedPlugins {
    private var software: SoftwareVirtualInterfaces?
    private var backend: AcceleratedBackendPlugin?
    private var frontend: AcceleratedFrontendPlugin?

    /// The port's VIs, and two in software, which hand mbufs over and take none from a pool: any will do.
    init(
        name: String, nic: SoftNIC, pools: [HookRig.PoolBox], anyPool: String, form: SteeringForm,
        limits: AccelerationLimits, logger: Logger
    ) throws {
        let software = try SoftwareVirtualInterfaces(name: "\(name)v", count: 2, uplink: nic.port, mempool: anyPool)
        var interfaces = pools.enumerated().map { index, box in
            VirtualInterface(
                queuePair: QueuePair(
                    port: nic.port, receiveQueue: UInt16(index + 1), transmitQueue: UInt16(index + 1),
                    transmitDescriptors: 1024),
                mempool: box.pool.name)
        }
        interfaces += software.virtualInterfaces
        var configuration = AcceleratedBackendConfiguration()
        configuration.forms = [form]
        configuration.limits = limits
        self.software = software
        backend = AcceleratedBackendPlugin(
            try AcceleratedBackend(
                configuration: configuration, port: nic.port, virtualInterfaces: interfaces, logger: logger))
        frontend = AcceleratedFrontendPlugin()
    }

    @unsafe var backendHooks: UnsafePointer<viaduct_backend_hooks> { unsafe backend!.hooks }
    @unsafe var frontendHooks: UnsafePointer<viaduct_frontend_hooks> { unsafe frontend!.hooks }

    /// Before the port goes.
    func end() {
        backend = nil
        frontend = nil
        software = nil
    }
}
