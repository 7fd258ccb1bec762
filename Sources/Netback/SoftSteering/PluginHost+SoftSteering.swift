// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import Foundation

extension VifDirectory {
    /// Sends what the lane needs to know about the VI, and then the command to steer: all of it, or nothing that matters.
    func steer(_ interface: viaduct_soft_vi, vif: UInt32) -> Int32 {
        if isAttached(vif) { return 0 - EOPNOTSUPP }
        let words = unsafe [
            (LaneCommand.Operation.prepareToGuest, UInt64(UInt(bitPattern: interface.to_guest))),
            (LaneCommand.Operation.prepareFromGuest, UInt64(UInt(bitPattern: interface.from_guest))),
            (LaneCommand.Operation.steer, UInt64(UInt(bitPattern: interface.settled))),
        ]
        // A table filled in by C may hold what Swift takes for impossible.
        if words.contains(where: { $0.1 == 0 }) { return 0 - EINVAL }
        for (operation, word) in words {
            let result = send(operation, vif: vif, large: word)
            // What was only prepared is prepared again by the next try.
            if result != 0 { return result }
        }
        return 0
    }
}
