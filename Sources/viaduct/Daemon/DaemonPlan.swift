// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import Control
import Doctor
import Netback
import SoftNIC

/// What a daemon will take and do with a configuration, before anything of it is done: by the same sizes that it uses itself.
struct DaemonPlan: Encodable, Sendable {
    struct Port: Encodable, Sendable {
        let device: String
        /// What people call such NICs; nil for a virtual device, and for a NIC that is not there or not known.
        let family: String?
        /// DPDK's driver, where it is known before the port is asked.
        let driver: String?
        let mtu: Int
        /// The default one, and one for each VI; a port with VMDq pools may have more than that.
        let queuePairs: Int
        let usesPools: Bool
        let descriptors: Int
        /// What to know of that family.
        let limits: [String]
    }

    struct Form: Encodable, Sendable {
        let form: String
        let coverage: String
    }

    struct Lcore: Encodable, Sendable {
        let number: Int
        let roles: [String]
        /// nil: those that the daemon is started on.
        let cpus: [Int]?
        let idle: String
    }

    struct Memory: Encodable, Sendable {
        /// nil: hugepages where enough are free, else ordinary ones.
        let pages: String?
        let megabytes: Int
    }

    struct Vif: Encodable, Sendable {
        let name: String
        let kind: String
        let socket: String
        let queuePairs: Int
        /// Whether it may get a VI.
        let isAccelerated: Bool
        /// Why not.
        let reason: String?
    }

    let port: Port
    /// Forms of steering that will be tried for guests, the best first; nil where only the port itself can say.
    let forms: [Form]?
    let lcores: [Lcore]
    let memory: Memory
    let pools: [PoolSize]
    let virtualInterfaces: Int
    let vifs: [Vif]

    /// - Parameter host: whose NICs are looked up by their PCI ids.
    init(_ configuration: DaemonConfiguration, on host: any HostFiles) {
        let memory = HostMemory(configuration)
        let count = configuration.virtualInterfaces
        let known = KnownPort(configuration, on: host)
        let prefersPools = known.map { QueueLayout.prefersPools(driver: $0.driver, device: $0.device) } ?? false
        virtualInterfaces = count
        port = Port(
            device: configuration.uplink.device.text, family: known?.name, driver: known?.driver, mtu: configuration.uplink.mtu,
            queuePairs: 1 + count, usesPools: count > 0 && configuration.uplink.allowsPools && prefersPools,
            descriptors: Int(NetbackHost.descriptors), limits: known?.limits ?? [])
        forms = known.map { known in
            // Form F is for guests in the daemon's own process, and it has none.
            SteeringForm.expected(driver: known.driver, device: known.device).filter {
                $0 != .software && (configuration.uplink.allowsPools || $0 != .addressPool)
            }.map { Form(form: $0.rawValue, coverage: $0.coverage) }
        }
        let plan = configuration.lcores.plan
        lcores = (0..<plan.lcoreCount).map { loop in
            Lcore(
                number: loop + 1, roles: HostRole.ofDaemon.filter { plan.loop(for: $0) == loop }.map { "\($0)" },
                cpus: configuration.lcores.cpus?[loop], idle: configuration.lcores.idleChoices[loop].rawValue)
        }
        self.memory = Memory(pages: memory.pages?.rawValue, megabytes: memory.megabytes)
        let sizes = PoolSize.ofHost(virtualInterfaces: count, hostMbufs: memory.hostMbufs, mtu: configuration.uplink.mtu)
        pools =
            [sizes.wire, sizes.host] + sizes.virtualInterfaces
            + configuration.attachedVifs.map { PoolSize.ofAttachedGuest($0.name, mtu: configuration.uplink.mtu) }
        let hasForms = forms?.isEmpty != true
        vifs = configuration.vifs.map { vif in
            let reason = Self.objection(to: vif, configuration, hasForms: hasForms)
            return Vif(
                name: vif.name, kind: vif.kind.rawValue, socket: vif.socketPath, queuePairs: vif.queuePairs,
                isAccelerated: reason == nil, reason: reason)
        }
    }

    /// Why a vif will stay on the slow path.
    private static func objection(to vif: VifSettings, _ configuration: DaemonConfiguration, hasForms: Bool) -> String? {
        if vif.kind == .vm { return "a guest of kind vm has the slow path alone" }
        if vif.kind == .remote && !vif.isTrusted { return "a remote guest is accelerated only with trusted: true" }
        if !vif.accelerate { return "accelerate: false" }
        if configuration.plugin == .none { return "plugin: none" }
        if let objection = vif.policy.objection { return objection.text }
        if configuration.virtualInterfaces == 0 { return "virtual-interfaces: 0" }
        if !hasForms { return "the port steers nothing" }
        return nil
    }
}

/// A port whose driver is known before it is there.
private struct KnownPort {
    let name: String?
    let driver: String
    let device: UInt16?
    let limits: [String]

    init?(_ configuration: DaemonConfiguration, on host: any HostFiles) {
        switch configuration.uplink.device {
        case .softNIC(let personality, _, _):
            name = "a NIC in software, as \(personality.rawValue)"
            driver = personality.driver
            device = personality.deviceID
            limits = []
        case .pci:
            guard let family = Doctor.family(ofUplink: configuration, on: host) else { return nil }
            name = family.name
            driver = family.driver
            device = family.device
            limits = family.limits
        case .virtual(let text):
            // Virtual devices are called by their driver and a number.
            name = nil
            driver = String(text.prefix { $0 != "," && !$0.isNumber })
            device = nil
            limits = []
        }
    }
}

extension HostRole {
    /// Guests of a daemon poll in processes of their own.
    static let ofDaemon: [HostRole] = [.nic, .netback]
}
