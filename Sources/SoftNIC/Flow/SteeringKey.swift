// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// What a rule matches, in one word that is never 0: bits 0...47 the destination, 48...59 the VLAN identifier, 60
/// whether there is one, 63 always set.
struct SteeringKey: Equatable, Hashable {
    let rawValue: UInt64

    @_noLocks init(rawValue: UInt64) { self.rawValue = rawValue }

    @_noLocks init(destination: MACAddress, vlan: UInt16?) {
        var word = destination.rawValue | 1 << 63
        if let vlan { word |= UInt64(vlan & 0x0FFF) << 48 | 1 << 60 }
        rawValue = word
    }
}
