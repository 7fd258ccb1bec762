// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// Which guest is behind a vif and what its driver takes, in one word: what librte_vhost's thread writes and the lane reads once a round.
///
///     generation (32 bits) | queue pairs (8) | what it takes (8) | device number + 1 (16)
struct GuestWord: Sendable {
    /// Grows with each connect and each disconnect.
    let generation: UInt32
    /// The device number; -1 when no guest is there.
    let device: Int32
    /// Queue pairs that it uses, from the first on: 1 to 8.
    let pairs: Int
    let features: GuestFeatures

    @inline(always) @_noLocks
    init(_ word: UInt64) {
        generation = UInt32(truncatingIfNeeded: word >> 32)
        pairs = Int(word >> 24 & 0xFF)
        features = GuestFeatures(rawValue: UInt8(truncatingIfNeeded: word >> 16))
        device = Int32(word & 0xFFFF) &- 1
    }

    init(generation: UInt32, device: Int32, pairs: Int = 1, features: GuestFeatures = GuestFeatures(rawValue: 0)) {
        self.generation = generation
        self.device = device
        self.pairs = pairs
        self.features = features
    }

    var word: UInt64 {
        UInt64(generation) << 32 | UInt64(pairs & 0xFF) << 24 | UInt64(features.rawValue) << 16 | UInt64((device &+ 1) & 0xFFFF)
    }
}

/// What a guest's driver agreed to, as far as frames go.
struct GuestFeatures: Sendable {
    let rawValue: UInt8

    @inline(always) @_noLocks
    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(of device: VhostDeviceID) {
        rawValue = UInt8(truncatingIfNeeded: VhostSocket.offloads(of: device).rawValue)
    }

    /// Of an attached guest: frames as they are on the wire, as long as its buffers.
    static let attached = GuestFeatures(rawValue: UInt8(Offloads.chains.rawValue))

    /// What it does about unfinished frames that it is given.
    var offloads: Offloads { @inline(always) @_noLocks get { Offloads(rawValue: UInt32(rawValue)) } }

    /// Bytes of the longest frame that its buffers take: of a driver that neither merges them nor takes whole segments one of 1526 bytes, less
    /// the header of 12 (virtio 1.2, 5.1.6.3.1).
    @inline(always) @_noLocks
    func longestFrame(mtu: Int) -> Int {
        // A tag for the priority may come on top.
        let longest = mtu + 18
        return offloads.has(.chains) || longest < 1514 ? longest : 1514
    }
}
