// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import DPDK
import Foundation
public import Logging
public import Wire

/// The backend's plugin for one port: hands the port's VIs to guests and steers their frames there.
///
/// Any thread of the control plane may call. Host functions are called with the lock held; by contract they neither block nor
/// call a hook.
public final class AcceleratedBackend: BackendAccelerator, @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the engine is touched while the lock is held; the sightings are atomic.
    private let lock = NSLock()
    private var engine: BackendEngine
    let sightings: SightingTable
    let flowWatch: FlowWatchTable
    /// As in the configuration.
    public let name: String

    /// - Parameters:
    ///   - port: configured and started; nothing else programs its flow rules.
    ///   - virtualInterfaces: queue pairs of the port from 1 on, and software VIs.
    public convenience init(
        configuration: AcceleratedBackendConfiguration, port: PortID, virtualInterfaces: [VirtualInterface], logger: Logger
    ) throws(AcceleratedBackendError) {
        let information: PortInformation
        do {
            information = try port.information
        } catch {
            throw .unreadablePort(error)
        }
        let configured = min(information.receiveQueues, information.transmitQueues)
        try Self.check(virtualInterfaces, port: port, configured: configured)
        try self.init(
            configuration: configuration, driver: information.driver, device: information.deviceID, mac: information.mac,
            programmer: EthernetPortProgrammer(port: port), virtualInterfaces: virtualInterfaces, logger: logger)
    }

    init(
        configuration: AcceleratedBackendConfiguration, driver: String, device: UInt16? = nil, mac: UInt64 = 0,
        programmer: any PortProgrammer, virtualInterfaces: [VirtualInterface], logger: Logger
    ) throws(AcceleratedBackendError) {
        let offer = ControlMessage.offer(
            version: 0, mac: FenceFrame.address, plugin: configuration.frontendPlugin, maximumStash: 0)
        guard offer.isEncodable else { throw .badPluginName(configuration.frontendPlugin) }
        name = configuration.name
        let settle = configuration.settleNanoseconds ?? SettleTime.nanoseconds(driver: driver)
        engine = BackendEngine(
            configuration: configuration,
            facts: BackendEngine.PortFacts(driver: driver, settleNanoseconds: settle, device: device, mac: mac),
            programmer: programmer, interfaces: virtualInterfaces, logger: logger)
        sightings = engine.sightings
        flowWatch = engine.flows.watch
    }

    func withEngine<Result>(_ body: (inout BackendEngine) -> Result) -> Result {
        lock.withLock { body(&engine) }
    }

    // MARK: Status

    public var counts: VirtualInterfaceCounts { withEngine { $0.pool.counts } }
    public var counters: AcceleratedBackendCounters { withEngine { $0.counters } }
    /// Flow rules of this backend in the port.
    public var ruleCount: Int { withEngine { $0.ruleCount } }
    /// The form that a vif is offered first, and why none above it.
    public var form: (best: SteeringForm?, refused: String?) {
        withEngine { engine in
            let best = engine.ladder.best(without: [])
            return (best, engine.ladder.account(of: [], next: best))
        }
    }

    public func status(vif: UInt32) -> AccelerationStatus? {
        withEngine { engine in engine.vifs[vif].map { engine.status(of: $0) } }
    }

    // MARK: Hooks

    public func attach(_ host: BackendHost) { withEngine { $0.attach(host) } }
    public func detach() { withEngine { $0.detach() } }
    public func probe(_ vif: VifDescription) -> Bool { withEngine { $0.probe(vif) } }
    public func remove(vif: UInt32) {
        withEngine { engine in
            engine.remove(vif)
            engine.wakeWaiting()
        }
    }
    public func want(_ wanted: Bool, vif: UInt32) { withEngine { $0.want(wanted, vif) } }
    public func controlMessage(_ bytes: [UInt8], vif: UInt32) { withEngine { $0.controlMessage(bytes, vif) } }
    public func pathEvent(_ event: PathEvent, vif: UInt32) { withEngine { $0.pathEvent(event, vif) } }
    public func localAddresses(_ addresses: [MACAddress], generation: UInt64) {
        withEngine { $0.localAddressesChanged(addresses, generation: generation) }
    }
    public func portSuspended() { withEngine { $0.portSuspended() } }
    public func portResumed() { withEngine { $0.portResumed() } }
    /// Rules and VIs outlive a flap of the link, so nothing has to change.
    public func linkChanged(isUp: Bool) {}
    public func tick(now: UInt64) { withEngine { $0.tick(now: now) } }
}
