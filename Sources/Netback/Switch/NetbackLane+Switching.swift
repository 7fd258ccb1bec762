// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Wire

extension NetbackLane {
    /// Switches a frame that the default queue received; takes it.
    @_noLocks
    mutating func switchFromUplink(_ mbuf: Mbuf) {
        if let reason = objection(to: mbuf) { return drop(mbuf, reason) }
        let frame = mbuf.bytes
        // Fences never come by the wire.
        if case .some = FenceFrame(frame) { return drop(mbuf, .unexpectedFence) }
        let destination = frame.mac(at: 0)
        if isReserved(destination) { return drop(mbuf, .reservedAddress) }
        let source = frame.mac(at: 6)
        let isOurs = !learn(source, .uplink)
        if isOurs { totals.add(to: .spoofedSource) }
        guard !destination.isGroup, let port = port(of: destination) else {
            // A vif's address as the source of a frame for everybody: what we sent came back, which happens behind bonds.
            return isOurs ? drop(mbuf, .reflected) : flood(mbuf, from: .uplink)
        }
        if port.isUplink { return drop(mbuf, .samePort) }
        if isOurs, let owner = self.port(of: source), owner == port { return drop(mbuf, .reflected) }
        deliver(mbuf, to: port, destination: destination, isFromUplink: true)
    }

    /// Switches a frame that a guest sent; takes it.
    @_noLocks
    mutating func switchFromGuest(_ mbuf: Mbuf, _ vif: VifReference) {
        if let reason = objection(to: mbuf) { return drop(mbuf, reason, vif) }
        let frame = mbuf.bytes
        let destination = frame.mac(at: 0)
        if isReserved(destination) { return drop(mbuf, .reservedAddress, vif) }
        let source = frame.mac(at: 6)
        let origin = vif.lane.port
        // Of two vifs with one address, the second has no entry of its own in the table.
        if !learn(source, origin), source.rawValue != vif.lane.mac.rawValue {
            vif.lane.count(.spoofedSource)
            return drop(mbuf, .spoofedByGuest, vif)
        }
        if destination.isGroup { return floodFromGuest(mbuf, vif) }
        guard let port = port(of: destination) else { return floodFromGuest(mbuf, vif) }
        if port == origin { return drop(mbuf, .samePort, vif) }
        vif.lane.count(.forwarded)
        deliver(mbuf, to: port, destination: destination, isFromUplink: false)
    }

    /// What speaks against switching a frame, wherever it came from.
    @_noLocks
    private mutating func objection(to mbuf: Mbuf) -> PathCounter? {
        // Longer than one buffer: neither every NIC nor a copy for a second port takes it.
        if mbuf.segmentCount != 1 { return .multiSegment }
        let frame = mbuf.bytes
        guard frame.count >= 14 else { return .runt }
        return frame.isInVLAN ? .tagged : nil
    }

    /// Addresses that no bridge forwards: 01-80-C2-00-00-00 to -0F (IEEE Std 802.1Q, table 8-1).
    @inline(always) @_noLocks
    private mutating func isReserved(_ address: MACAddress) -> Bool { address.rawValue & ~0xF == 0x0180_C200_0000 }

    @_noLocks
    mutating func deliver(_ mbuf: Mbuf, to port: SwitchPort, destination: MACAddress, isFromUplink: Bool) {
        if port.isUplink {
            // Room was made sure of before the frame was taken from its guest.
            guard uplinkOutbox.freeCapacity > 0 else { return drop(mbuf, .uplinkFull) }
            uplinkOutbox.append(mbuf)
            appended &+= 1
            return
        }
        guard let vif = vifs.at(port) else { return drop(mbuf, .noDestination) }
        let isKeyed = isFromUplink && destination.rawValue == vif.lane.mac.rawValue
        if isKeyed && vif.lane.soft.isSteering { return vif.lane.offerToVI(mbuf, spent: &spent) }
        vif.lane.offer(mbuf, isKeyed: isKeyed, spent: &spent)
    }

    @_noLocks
    mutating func drop(_ mbuf: Mbuf, _ reason: PathCounter) {
        totals.add(to: reason)
        free(mbuf)
    }

    @_noLocks
    private mutating func drop(_ mbuf: Mbuf, _ reason: PathCounter, _ vif: VifReference) {
        vif.lane.count(reason)
        free(mbuf)
    }
}
