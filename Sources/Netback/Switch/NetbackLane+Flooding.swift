// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Wire

extension NetbackLane {
    @_noLocks
    mutating func floodFromGuest(_ mbuf: Mbuf, _ vif: VifReference) {
        vif.lane.count(.forwarded)
        flood(mbuf, vlan: vif.lane.vlan, from: vif.lane.port)
    }

    /// Sends a frame out of every port of its VLAN but the one that it came in by; takes it. The last port gets the original, each other a
    /// copy of its own. A vif without a guest is no destination.
    @_noLocks
    mutating func flood(_ mbuf: Mbuf, vlan: UInt16, from origin: SwitchPort) {
        // The destination is not looked up any more: no hold applies to a flooded frame.
        var next = origin.isUplink ? nil : SwitchPort.uplink
        var place = 0
        while place < vifs.count {
            let vif = vifs[place]
            place += 1
            let port = vif.lane.port
            guard vif.lane.isConnected, vif.lane.vlan == vlan, !(port == origin) else { continue }
            if let earlier = next { copy(mbuf, vlan: vlan, to: earlier) }
            next = port
        }
        guard let next else { return drop(mbuf, .noDestination) }
        deliver(mbuf, vlan: vlan, to: next, destination: .broadcast, isFromUplink: false)
    }

    @_noLocks
    private mutating func copy(_ mbuf: Mbuf, vlan: UInt16, to port: SwitchPort) {
        totals.add(to: .floodCopies)
        guard mbuf.copyWhole(pool: pool, into: &fresh) else { return totals.add(to: .noMbuf) }
        let copy = fresh[0]
        fresh.removeAll()
        deliver(copy, vlan: vlan, to: port, destination: .broadcast, isFromUplink: false)
    }
}
