// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Dataplane
import Wire

extension NetbackLane {
    /// Switches a frame that the default queue received; takes it.
    ///
    /// Its tag ends here: inside the switch a frame's VLAN goes beside it, and vifs are access ports, whose guests know of no VLAN.
    @_noLocks
    mutating func switchFromUplink(_ mbuf: Mbuf) {
        if let reason = objection(to: mbuf) { return drop(mbuf, reason) }
        let vlan = Self.vlan(of: mbuf.bytes)
        if vlan != 0 {
            guard members.contains(vlan), mbuf.removeTag() else { return drop(mbuf, .tagged) }
        }
        let frame = mbuf.bytes
        // Fences never come by the wire.
        if case .some = FenceFrame(frame) { return drop(mbuf, .unexpectedFence) }
        let destination = frame.mac(at: 0)
        if isReserved(destination) { return drop(mbuf, .reservedAddress) }
        let source = frame.mac(at: 6)
        let isOurs = !learn(source, vlan: vlan, .uplink)
        if isOurs { totals.add(to: .spoofedSource) }
        guard !destination.isGroup, let port = port(of: destination, vlan: vlan) else {
            // A vif's address as the source of a frame for everybody: what we sent came back, which happens behind bonds.
            return isOurs ? drop(mbuf, .reflected) : flood(mbuf, vlan: vlan, from: .uplink)
        }
        if port.isUplink { return drop(mbuf, .samePort) }
        if isOurs, let owner = self.port(of: source, vlan: vlan), owner == port { return drop(mbuf, .reflected) }
        deliver(mbuf, vlan: vlan, to: port, destination: destination, isFromUplink: true)
    }

    /// Switches a frame that a guest sent; takes it.
    @_noLocks
    mutating func switchFromGuest(_ mbuf: Mbuf, _ vif: VifReference) {
        if let reason = objection(to: mbuf) { return drop(mbuf, reason, vif) }
        let frame = mbuf.bytes
        if frame.isInVLAN { return drop(mbuf, .tagged, vif) }
        let destination = frame.mac(at: 0)
        if isReserved(destination) { return drop(mbuf, .reservedAddress, vif) }
        if let reason = vif.lane.refusal(of: mbuf) { return drop(mbuf, reason, vif) }
        let source = frame.mac(at: 6)
        let origin = vif.lane.port
        let vlan = vif.lane.vlan
        // Of two vifs with one address, the second has no entry of its own in the table.
        if !learn(source, vlan: vlan, origin), source.rawValue != vif.lane.mac.rawValue {
            vif.lane.count(.spoofedSource)
            return drop(mbuf, .spoofedByGuest, vif)
        }
        if destination.isGroup { return floodFromGuest(mbuf, vif) }
        guard let port = port(of: destination, vlan: vlan) else { return floodFromGuest(mbuf, vif) }
        if port == origin { return drop(mbuf, .samePort, vif) }
        vif.lane.count(.forwarded)
        deliver(mbuf, vlan: vlan, to: port, destination: destination, isFromUplink: false)
    }

    /// What speaks against switching a frame, wherever it came from.
    @_noLocks
    mutating func objection(to mbuf: Mbuf) -> PathCounter? {
        let frame = mbuf.bytes
        guard frame.count >= 14 else { return .runt }
        let type = EtherType(rawValue: frame.u16(at: 12))
        guard type.isVLANTag else { return nil }
        if frame.count < 18 { return .runt }
        // What takes out the first of two tags finds itself in the VLAN of the second one.
        if EtherType(rawValue: frame.u16(at: 16)).isVLANTag { return .tagged }
        // A provider's tag (IEEE Std 802.1Q, "S-TAG") is no VLAN of ours.
        return type == .qinq && frame.isInVLAN ? .tagged : nil
    }

    /// The VLAN of a frame without objections; 0 when it has no tag, or one for its priority alone.
    @inline(always) @_noLocks
    private static func vlan(of frame: ByteView) -> UInt16 { frame.isInVLAN ? frame.u16(at: 14) & 0x0FFF : 0 }

    /// Addresses that no bridge forwards: 01-80-C2-00-00-00 to -0F (IEEE Std 802.1Q, table 8-1).
    @inline(always) @_noLocks
    private mutating func isReserved(_ address: MACAddress) -> Bool { address.rawValue & ~0xF == 0x0180_C200_0000 }

    @_noLocks
    mutating func deliver(_ mbuf: Mbuf, vlan: UInt16, to port: SwitchPort, destination: MACAddress, isFromUplink: Bool) {
        if port.isUplink {
            // Room was made sure of before the frame was taken from its guest.
            guard uplinkOutbox.freeCapacity > 0 else { return drop(mbuf, .uplinkFull) }
            guard Self.tag(mbuf, vlan: vlan) else { return drop(mbuf, .noHeadroom) }
            if mbuf.mayBeUnfinished || mbuf.packetLength > uplinkLongestFrame || mbuf.segmentCount > 1 {
                return finishForUplink(mbuf)
            }
            appendToUplink(mbuf)
            return
        }
        guard let vif = vifs.at(port) else { return drop(mbuf, .noDestination) }
        let isKeyed = isFromUplink && destination.rawValue == vif.lane.mac.rawValue
        if isKeyed && vif.lane.soft.isSteering { return vif.lane.offerToVI(mbuf, spent: &spent) }
        vif.lane.offer(mbuf, isKeyed: isKeyed, spent: &spent)
    }

    /// Puts an untagged frame, or one with a priority tag, into a VLAN; false when its buffer has no room for a tag.
    @inline(always) @_noLocks
    static func tag(_ mbuf: Mbuf, vlan: UInt16) -> Bool {
        if vlan == 0 { return true }
        let frame = mbuf.mutableBytes
        guard frame.count >= 18, frame.u16(at: 12) == EtherType.vlan.rawValue else { return mbuf.insertTag(control: vlan) }
        frame.set(u16: frame.u16(at: 14) & 0xF000 | vlan, at: 14)
        return true
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
