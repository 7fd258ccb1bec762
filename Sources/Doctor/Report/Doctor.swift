// SPDX-License-Identifier: BSD-3-Clause
public import Control

/// What a host lacks to run Viaduct well. Looks, and changes nothing.
public enum Doctor {
    /// As many CPUs as a host may have.
    public static let maximumProcessors = 65536

    /// The family of a daemon's uplink, by its PCI ids on that host; nil when it is no NIC, is not there, or is not known.
    public static func family(ofUplink daemon: DaemonConfiguration, on host: any HostFiles) -> DriverFamily? {
        let planned = PlannedDaemon(daemon, megabytes: 0)
        return NIC.all(host).first { $0.address == planned.uplinkAddress }?.family
    }

    /// Looks at all there is.
    ///
    /// - Parameters:
    ///   - host: where to look: ``LiveHost`` for this one.
    ///   - dpdk: the version of DPDK that the daemon uses, as it says itself (`DPDK 22.11.11`).
    ///   - daemon: what is to run there; nil: nothing in particular, and every NIC is looked at.
    public static func examine(_ host: any HostFiles, dpdk: String, daemon: PlannedDaemon? = nil) -> DoctorReport {
        let patient = Patient(host: host, machine: Machine(host), dpdk: dpdk, daemon: daemon)
        let checks: [any Examination] = [
            DPDKExamination(), ProcessorExamination(), HugepageExamination(), IOMMUExamination(), CPUExamination(),
            PlacementExamination(), ClockExamination(), UplinkExamination(), BindingExamination(), SteeringExamination(),
            LinkExamination(), MemlockExamination(), SocketExamination(),
        ]
        return DoctorReport(findings: checks.flatMap { $0.findings(patient) })
    }
}

/// A daemon that is to run on the host.
public struct PlannedDaemon: Sendable {
    public var configuration: DaemonConfiguration
    /// What it will allocate for DPDK.
    public var megabytes: Int

    public init(_ configuration: DaemonConfiguration, megabytes: Int) {
        self.configuration = configuration
        self.megabytes = megabytes
    }

    /// The PCI address of its uplink, with the domain; nil when that is no NIC.
    var uplinkAddress: String? {
        guard case .pci(let text) = configuration.uplink.device else { return nil }
        let address = text.lowercased()
        return address.split(separator: ":").count == 2 ? "0000:\(address)" : address
    }

    /// The CPUs of all lcores; nil: any.
    var cpus: CPUSet? { configuration.lcores.cpus.map { CPUSet($0.joined()) } }
}

/// What the doctor found, the order being that of the checks.
public struct DoctorReport: Sendable, Codable, Equatable {
    /// Of the format; what is added does not change it.
    public static let version = 1

    public var version = DoctorReport.version
    public var findings: [Finding]

    public var worst: Severity { findings.map(\.severity).max() ?? .fine }
}

/// Whom the checks look at.
struct Patient {
    let host: any HostFiles
    let machine: Machine
    let dpdk: String
    let daemon: PlannedDaemon?

    /// The daemon's uplink; nil without one, or when there is no such NIC.
    var uplink: NIC? {
        daemon?.uplinkAddress.flatMap { address in machine.nics.first { $0.address == address } }
    }

    /// The NICs that matter: the daemon's, or, when nobody said which, all that a driver of DPDK's is known for.
    var nics: [NIC] {
        guard let daemon else { return machine.nics.filter { $0.family != nil } }
        return daemon.uplinkAddress == nil ? [] : uplink.map { [$0] } ?? []
    }

    /// How bad it is when something that a NIC needs is missing.
    var severityForNICs: Severity { daemon == nil ? .warning : .error }
}

/// One subject to look at.
protocol Examination {
    func findings(_ patient: Patient) -> [Finding]
}
