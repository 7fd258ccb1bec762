// SPDX-License-Identifier: BSD-3-Clause
import Wire

/// The addresses that are on this host: those of the vifs, and those that were learned behind them.
struct LocalAddresses {
    /// Grows with each change.
    private(set) var generation: UInt64 = 0
    private(set) var addresses: [MACAddress] = []
    /// How many addresses were left out, summed over all changes.
    private(set) var cut: UInt64 = 0

    /// Takes over the newest set; whether it is another one. The vifs' own addresses come first: they are never left out in
    /// favour of learned ones.
    mutating func update(vifs: [MACAddress], learned: [MACAddress], unread: Int, limit: Int) -> Bool {
        let own = Set(vifs)
        let all =
            own.sorted { $0.rawValue < $1.rawValue }
            + Set(learned).subtracting(own).sorted { $0.rawValue < $1.rawValue }
        let kept = Array(all.prefix(limit))
        if kept == addresses { return false }
        addresses = kept
        generation += 1
        cut += UInt64(all.count - kept.count + unread)
        return true
    }
}

extension ControlPlane {
    func requestSnapshot() {
        let buffer = unsafe UInt64(UInt(bitPattern: snapshotBuffer))
        if channel.send(LaneCommand(LaneCommand.Operation.snapshot, large: buffer)) != nil { wantsSnapshot = false }
    }

    /// - Parameter result: as of ``AddressSnapshot/result``.
    func takeSnapshot(_ result: UInt64) {
        let count = min(Int(result & 0xFFFF_FFFF), configuration.maximumLocalAddresses)
        let learned = (0..<count).map { unsafe MACAddress(rawValue: snapshotBuffer[1 + $0]) }
        let hasChanged = localAddresses.update(
            vifs: vifs.values.map(\.configuration.mac), learned: learned, unread: Int(result >> 32),
            limit: configuration.maximumLocalAddresses)
        if hasChanged {
            plugin?.localAddresses(localAddresses.addresses, generation: localAddresses.generation)
        }
    }
}
