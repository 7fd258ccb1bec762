// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Synchronization

/// The control plane's side of pools and their addresses: answers as ethdev and the personality's driver would
/// (DPDK 22.11 lib/ethdev/rte_ethdev.c, `rte_eth_dev_mac_addr_add` and `_remove`), and tells the engine.
final class AddressFilter: Sendable {
    private let configuration: SoftNICConfiguration
    private let traits: PersonalityTraits
    private let limits: VMDqLimits?
    private let own: UInt64
    private let commands: EngineCommands
    private let state: PinnedBlock<EngineState>
    private let contents: Lock<Contents>

    private struct Contents {
        var queues = 0
        var pools = 0
        /// The pools of each address, in the order in which they came; the port's own is the first.
        var slots: [Slot]
    }

    private struct Slot {
        let mac: UInt64
        var pools: Set<Int> = []
    }

    init(
        _ configuration: SoftNICConfiguration, own: UInt64, commands: EngineCommands, state: PinnedBlock<EngineState>
    ) {
        self.configuration = configuration
        traits = configuration.personality.flowEngine.traits
        limits = traits.pools?.limits(configuration.queuePairs)
        self.own = own
        self.commands = commands
        self.state = state
        contents = Lock(Contents(slots: [Slot(mac: own)]))
    }

    var poolLimits: VMDqLimits? { limits }
    /// Queues that the port was configured with.
    var queues: Int { contents.withLock { $0.queues } }

    /// The port was configured anew, which also empties its pools.
    func configure(queues: Int, pools: Int) throws(DPDKError) {
        let operation = "configure \(configuration.name) with \(pools) pools"
        try contents.withLock { (contents) throws(DPDKError) in
            if pools > 0 {
                guard let limits, pools <= limits.maximumPools else { throw DPDKError(operation, code: 95) }
                let last = queue(ofPool: limits.firstPool + pools - 1, queues: queues, pools: pools)
                guard last < queues else {
                    throw DPDKError(
                        operation, code: 22, detail: "the last pool's queue is \(last), and there are \(queues)")
                }
            }
            let hadPools = contents.pools > 0
            for slot in contents.slots.dropFirst() where hadPools {
                try tell(Slot(mac: slot.mac), contents, operation)
            }
            contents.queues = queues
            contents.pools = pools
            contents.slots = [Slot(mac: own)]
            guard hadPools || pools > 0 else { return }
            let first = limits?.firstPool ?? 0
            let members = UInt16(pools == 0 ? 0 : 1)
            let group = (first..<first + pools).reduce(members) { $0 | mask(ofPool: $1, contents) }
            var match = Match()
            match.setDestination(own)
            let isSent = commands.send(
                FlowCommand(
                    FlowCommand.Operation.setPools, rule: traits.pools?.shareOwnAddress == true ? Int(group) : 0,
                    verdict: .spread(group), match: match))
            guard isSent else { throw DPDKError(operation, code: 11, detail: "the NIC is busy with earlier filters") }
        }
    }

    func add(_ mac: UInt64, pool: Int) throws(DPDKError) {
        let operation = "add an address to pool \(pool) of \(configuration.name)"
        guard traits.takesAddresses else { throw DPDKError(operation, code: 95) }
        guard mac & 0xFFFF_FFFF_FFFF != 0 else { throw DPDKError(operation, code: 22, detail: "Cannot add NULL MAC address") }
        guard (0..<64).contains(pool) else {
            throw DPDKError(operation, code: 22, detail: "Pool ID must be 0-63")
        }
        try contents.withLock { (contents) throws(DPDKError) in
            let known = contents.slots.firstIndex { $0.mac == mac }
            if known == nil && contents.slots.count >= traits.addressSlots {
                throw DPDKError(operation, code: 28, detail: "MAC address array full")
            }
            if let known, contents.slots[known].pools.contains(pool) { return }
            try check(pool, contents, operation)
            var slot = known.map { contents.slots[$0] } ?? Slot(mac: mac)
            slot.pools.insert(pool)
            try tell(slot, contents, operation)
            if let known { contents.slots[known] = slot } else { contents.slots.append(slot) }
        }
    }

    func remove(_ mac: UInt64) throws(DPDKError) {
        let operation = "remove an address from \(configuration.name)"
        guard traits.takesAddresses else { throw DPDKError(operation, code: 95) }
        try contents.withLock { (contents) throws(DPDKError) in
            guard let index = contents.slots.firstIndex(where: { $0.mac == mac }) else { return }
            if index == 0 {
                throw DPDKError(operation, code: 98, detail: "Cannot remove default MAC address")
            }
            try tell(Slot(mac: mac), contents, operation)
            contents.slots.remove(at: index)
        }
    }

    /// The driver's own refusals (drivers/net/i40e/i40e_ethdev.c, `i40e_macaddr_add`; drivers/net/bnxt/bnxt_ethdev.c,
    /// `bnxt_mac_addr_add_op`, by the firmware). ixgbe and igb write the pool's bit whatever it is.
    private func check(_ pool: Int, _ contents: Contents, _ operation: String) throws(DPDKError) {
        guard let pools = traits.pools, !traits.ignoresPools else { return }
        if pools.portIsPoolZero {
            if pool == 0 { return }
            if contents.pools == 0 {
                throw DPDKError(operation, code: 95, detail: "VMDQ not configured, can't set mac to pool \(pool)")
            }
            if pool > contents.pools {
                throw DPDKError(
                    operation, code: 22, detail: "Pool number \(pool) invalid. Max pool is \(contents.pools)")
            }
        } else if pools.queue != nil, pool >= Swift.max(1, contents.pools) {
            throw DPDKError(operation, code: 22, detail: "VNIC not found for pool \(pool)")
        }
    }

    /// Sends the slot's pools, or that it has none, to the engine.
    private func tell(_ slot: Slot, _ contents: Contents, _ operation: String) throws(DPDKError) {
        guard contents.pools > 0, traits.pools != nil else { return }
        let faults = unsafe SoftNICFaults(rawValue: state.pointer.pointee.faults.load(ordering: .relaxed))
        if !slot.pools.isEmpty && faults.contains(.rulesIgnored) { return }
        var match = Match()
        match.setDestination(slot.mac)
        var queues: UInt16 = 0
        for pool in slot.pools { queues |= mask(ofPool: pool, contents) }
        let isSent = commands.send(
            FlowCommand(FlowCommand.Operation.setAddress, verdict: .spread(queues), match: match))
        guard isSent else { throw DPDKError(operation, code: 11, detail: "the NIC is busy with earlier filters") }
    }

    /// The pool's first queue as a bit; the default queue's for a pool whose queue does not exist.
    private func mask(ofPool pool: Int, _ contents: Contents) -> UInt16 {
        let queue = queue(ofPool: pool, queues: contents.queues, pools: contents.pools)
        return queue < contents.queues ? 1 << UInt16(queue) : 1
    }

    private func queue(ofPool pool: Int, queues: Int, pools: Int) -> Int {
        guard let limits, let traits = traits.pools else { return 0 }
        if traits.portIsPoolZero && pool == 0 { return 0 }
        if let queue = traits.queue { return queue(pool, queues, pools) }
        return limits.queue(ofPool: pool)
    }
}
