// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Acceleration
import CViaductAccel
import Netback
import Netfront
import SoftNIC

/// Every counter of a host at one moment, at which nothing moved.
struct FaultBooks {
    let guests: [NetfrontStatus]
    let pluginDropped: [UInt64]
    let vifs: [VifStatus]
    let port: PortStatus
    let switched: [String: UInt64]
    let nic: SoftNICStatistics
    let software: SoftwareVirtualInterfaceCounts
    /// Frames that the remote host sent, and those that it got.
    let remoteSent: UInt64
    let remoteGot: UInt64
    /// Milliseconds, by guest.
    let acceleratedAgain: [Double?]

    /// - Parameters:
    ///   - findings: each guest's.
    ///   - roundTrip: the remote host's.
    ///   - sent: frames with a sequence number.
    func report(
        _ settings: DemoSettings, fired: [DemoFault: Int], _ findings: [TrafficFindings], roundTrip: TrafficFindings,
        sent: UInt64, mbufsInUse: Int
    ) -> FaultReport {
        let host = FrameAccount(
            remoteSent: remoteSent, remoteGot: remoteGot, nic: nic, switched: switched, guests: guests,
            pluginDropped: pluginDropped.reduce(0, +), software: software)
        let cut = nic.queues.reduce(0) { $0 + $1.cut }
        let explained = host.dropped + host.held + cut
        return FaultReport(
            nic: settings.host.nic.rawValue, seed: settings.host.seed, seconds: settings.seconds,
            faults: Dictionary(uniqueKeysWithValues: fired.map { ($0.key.rawValue, $0.value) }),
            vifs: vifs.indices.map { index in
                FaultReport.Vif(
                    name: vifs[index].name, form: vifs[index].acceleration.form.map(String.init),
                    acceleratedAgainMillis: acceleratedAgain[index],
                    account: VifAccount(vif: vifs[index], guest: guests[index], pluginDropped: pluginDropped[index]),
                    lost: findings[index].lost, reordered: findings[index].reordered, duplicated: findings[index].duplicated,
                    possibleReorderings: guests[index][.possibleReorderings])
            },
            host: host,
            roundTrip: FaultReport.RoundTrip(
                sent: sent, lost: roundTrip.lost, reordered: roundTrip.reordered, duplicated: roundTrip.duplicated, cut: cut,
                unexplained: roundTrip.lost > explained ? roundTrip.lost - explained : 0),
            port: FaultReport.Port(resets: port.resets, recoveries: port.recoveries, failures: port.failures),
            mbufsInUse: mbufsInUse)
    }
}
