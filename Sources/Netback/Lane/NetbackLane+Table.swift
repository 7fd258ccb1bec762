// SPDX-License-Identifier: BSD-3-Clause
import Wire

extension NetbackLane {
    /// Learns that `source` is behind `port` in that VLAN; false when the address is tied to another port.
    @_noLocks
    mutating func learn(_ source: MACAddress, vlan: UInt16, _ port: SwitchPort) -> Bool {
        // Sources that no station has: nothing to learn.
        guard source.isValidUnicast else { return true }
        let key = ForwardingTable.key(source, vlan: vlan)
        guard let place = table.place(of: key) else {
            guard hasShare(port) else { return true }
            if table.learn(key, port: port, seen: clock.seconds) {
                if !port.isUplink { localAddressesChanged = true }
            } else {
                totals.add(to: .fdbFull)
            }
            return true
        }
        let entry = table.entry(at: place)
        if entry.isStatic { return entry.port == port }
        if entry.port == port {
            table.refresh(place, seen: clock.seconds)
        } else if hasShare(port) {
            table.move(place, to: port, seen: clock.seconds)
            totals.add(to: .fdbMoves)
            if !port.isUplink || !entry.port.isUplink { localAddressesChanged = true }
        }
        return true
    }

    /// The port behind which `destination` is in that VLAN; nil when unknown.
    @_noLocks
    mutating func port(of destination: MACAddress, vlan: UInt16) -> SwitchPort? {
        guard let place = table.place(of: ForwardingTable.key(destination, vlan: vlan)) else { return nil }
        let port = table.entry(at: place).port
        return isAlive(port) ? port : nil
    }

    @_noLocks
    mutating func isAlive(_ port: SwitchPort) -> Bool { port.isUplink || vifs.at(port) != nil }

    /// Ages a few entries, goes on with a snapshot, tells about changes: a bounded piece of work.
    @_noLocks
    mutating func keepTable() {
        if clock.seconds != sweptSecond {
            sweptSecond = clock.seconds
            sweepLeft = table.count
        }
        if sweepLeft > 0 { sweep() }
        if localAddressesChanged && !snapshot.isAnnounced && !snapshot.isRunning {
            snapshot.isAnnounced = events.sendSpontaneous(LaneEvent(LaneEvent.Kind.localAddressesChanged, vif: 0))
        }
        if snapshot.isRunning { continueSnapshot() }
        totals.set(table.count, at: .fdbEntries)
    }

    @_noLocks
    private mutating func sweep() {
        var looked = 0
        while looked < Self.entriesPerRound, sweepLeft > 0 {
            if sweepPlace >= table.count { sweepPlace = 0 }
            guard sweepPlace < table.count else {
                sweepLeft = 0
                return
            }
            let entry = table.entry(at: sweepPlace)
            if !entry.isStatic && (clock.seconds &- entry.seen > ageSeconds || !isAlive(entry.port)) {
                if isAlive(entry.port) { totals.add(to: .fdbAged) }
                if !entry.port.isUplink { localAddressesChanged = true }
                // The last entry takes this place and is looked at next.
                table.remove(at: sweepPlace)
            } else {
                sweepPlace += 1
            }
            looked += 1
            sweepLeft -= 1
        }
    }

    @_noLocks
    private mutating func continueSnapshot() {
        var looked = 0
        while looked < Self.entriesPerRound * 4, snapshot.place < table.count {
            let entry = table.entry(at: snapshot.place)
            // The vifs' own addresses are known to the control plane.
            if !entry.isStatic && !entry.port.isUplink && isAlive(entry.port) { snapshot.append(entry.address) }
            snapshot.place += 1
            looked += 1
        }
        guard snapshot.place >= table.count else { return }
        if events.sendSpontaneous(LaneEvent(LaneEvent.Kind.snapshotTaken, vif: 0, argument: snapshot.result)) {
            snapshot.end()
        }
    }
}
