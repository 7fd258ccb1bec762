// SPDX-License-Identifier: BSD-3-Clause
import Wire

extension SteeringTable {
    /// The queue that a frame belongs to: that of the rule for its destination and its outermost VLAN tag, else that of
    /// the rule for its destination in any VLAN, else the default queue 0.
    @_noLocks
    func queue(for frame: ByteView) -> Int {
        guard count > 0, let header = EthernetHeader(frame), !header.destination.isGroup else { return 0 }
        if let vlan = header.vlan, let queue = queue(of: SteeringKey(destination: header.destination, vlan: vlan.id)) {
            return queue
        }
        return queue(of: SteeringKey(destination: header.destination, vlan: nil)) ?? 0
    }
}
