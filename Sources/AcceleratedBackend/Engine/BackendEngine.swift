// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Logging
import Wire

/// All that the backend decides, without its lock: told what happens by the hooks, it moves each vif's machine and carries out
/// what that asks for.
struct BackendEngine {
    /// What the engine knows of its port.
    struct PortFacts: Sendable {
        var driver: String
        var settleNanoseconds: UInt64
        /// The PCI device id, where there is one.
        var device: UInt16?
        /// The port's own address.
        var mac: UInt64 = 0
    }

    /// How long the removal of a rule is tried again, in nanoseconds.
    static let removalPatience: UInt64 = 1_000_000_000
    /// How soon frames must come again once a rule that swallowed them is gone.
    static let suspicion: UInt64 = 1_000_000_000

    let configuration: AcceleratedBackendConfiguration
    let facts: PortFacts
    let programmer: any PortProgrammer
    let sightings: SightingTable
    let logger: Logger

    var quotas: AcceleratedBackendQuotas
    var host: BackendHost?
    var ladder: Ladder
    var pool: VirtualInterfacePool
    var vifs: [UInt32: AcceleratedVif] = [:]
    var counters = AcceleratedBackendCounters()
    var localAddresses: (generation: UInt64, addresses: [MACAddress])?
    var suspension: AccelerationReason?
    /// Calls that undo what a vif had asked for, and that netback had no room for when the vif was removed.
    var farewells: [(vif: UInt32, call: HostCall)] = []
    /// What `probeForms()` put into the port, and that did not let go of yet.
    var leftOver: [InstalledSteering] = []
    /// Addresses that a pool of the port did not let go of, and the VI that they lead to: a restart does not take them out.
    var stuckAddresses: [(mac: UInt64, interface: Int)] = []
    /// The newest grant. Grants are numbered over all vifs, so a number never comes back to one.
    var lastGrant: UInt32 = 0
    /// What was given back since the waiting vifs were last tried.
    var givenBack: Set<AcceleratedVif.Scarcity> = []
    /// The host's monotonic clock at the last tick, in nanoseconds.
    var now: UInt64 = 0
    /// Form E.
    var flows: FlowControl
    /// Ticks have begun. Before that no time limit can be set, so nothing is started.
    var hasClock = false

    init(
        configuration: AcceleratedBackendConfiguration, facts: PortFacts, programmer: any PortProgrammer,
        interfaces: [VirtualInterface], logger: Logger
    ) {
        self.configuration = configuration
        quotas = configuration.quotas
        self.facts = facts
        self.programmer = programmer
        self.logger = logger
        sightings = SightingTable(capacity: configuration.maximumVifs)
        ladder = Ladder(driver: facts.driver, device: facts.device, allowed: configuration.forms)
        pool = VirtualInterfacePool(interfaces)
        unsafe flows = FlowControl(
            policy: FlowPolicy(configuration.flows.policy),
            watch: FlowWatchTable(sightings.sightings, maximumVifs: configuration.maximumVifs))
    }

    var ruleCount: Int { vifs.values.reduce(flows.ruleCount) { $0 + ($1.attempt?.installed.rules.count ?? 0) } }
    /// Addresses of vifs in pools of the port.
    var addressCount: Int { vifs.values.count { $0.attempt?.installed.address != nil } }

    /// Vifs in the order of their ids, so that a run can be repeated.
    var order: [UInt32] { vifs.keys.sorted() }

    /// Moves the vif's machine, and carries out what it asks for, until nothing follows from it any more.
    mutating func tell(_ id: UInt32, _ event: BackendEvent) {
        var events = [event]
        while !events.isEmpty {
            let event = events.removeFirst()
            guard let actions = vifs[id]?.machine.handle(event, now: now) else { return }
            for action in actions { events += carryOut(action, for: id) }
        }
        tryNextForm(id)
    }

    /// Does one thing that the machine asked for; the answers that are there at once.
    private mutating func carryOut(_ action: BackendAction, for id: UInt32) -> [BackendEvent] {
        switch action {
        case .send(let message):
            if case .offer = message { sendLocalAddresses(to: id) }
            send(message, to: id)
            return []
        case .allocateVI: return allocate(for: id)
        case .createRule: return createRule(for: id)
        case .destroyRule: return destroyRule(for: id)
        case .sendFence(let sequence):
            // A software form takes effect in netback's lane, in order: nothing has to settle.
            let settles = vifs[id]?.attempt?.form.usesQueuePairs ?? true
            return call(.fence(sequence: sequence, settleNanoseconds: settles ? facts.settleNanoseconds : 0), for: id)
        case .engageHold where flows.vifs[id] != nil: return withdrawFlows(of: id)
        case .engageHold: return call(.hold, for: id)
        // Each flow had a hold of its own.
        case .releaseHold where flows.vifs[id] != nil: return [.hold(.released)]
        case .releaseHold: return call(.release, for: id)
        case .reclaimVI:
            giveBack(for: id, quarantine: nil)
            return []
        case .quarantineVI(let reason):
            giveBack(for: id, quarantine: reason)
            return []
        case .stateChanged(let state):
            stateChanged(to: state, of: id)
            return []
        }
    }
}
