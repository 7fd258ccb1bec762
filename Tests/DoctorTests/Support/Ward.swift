// SPDX-License-Identifier: BSD-3-Clause
import Control
import Doctor
import Foundation
import Testing

/// A host of `Hosts`, and the daemon that is to run there.
struct Ward: Sendable, CustomTestStringConvertible {
    let name: String
    /// nil: nothing in particular is to run.
    let daemon: String?

    init(_ name: String, _ daemon: String?) {
        self.name = name
        self.daemon = daemon
    }

    var testDescription: String { daemon == nil ? name : "\(name), with a daemon" }

    func record() throws -> RecordedHost {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try RecordedHost(Data(contentsOf: folder.appendingPathComponent("Hosts/\(name).json")))
    }

    func plannedDaemon() throws -> PlannedDaemon? {
        try daemon.map { text in
            let yaml = "version: 1\n\(text)"
            return PlannedDaemon(
                try DaemonConfiguration(yaml: yaml, file: name, processors: Doctor.maximumProcessors), megabytes: 512)
        }
    }

    func examine(_ host: (any HostFiles)? = nil) throws -> DoctorReport {
        let record = try record()
        return Doctor.examine(host ?? record, dpdk: record.dpdk, daemon: try plannedDaemon())
    }

    /// Configured for a guest that maps the host's memory, so that huge pages are needed.
    static let all = [
        Ward("ixgbe-x520", nil),
        Ward("ixgbe-x520", daemon("0000:01:00.0", cpus: #"["1", "5"]"#)),
        Ward("ixgbe-x520", daemon("01:00.1", cpus: #"["2", "3"]"#)),
        Ward("igb-i350", daemon("0000:02:00.3", cpus: nil)),
        Ward("i40e-mlx5-x722-connectx4", nil),
        Ward("i40e-mlx5-x722-connectx4", daemon("0000:60:00.1", cpus: #"["8", "40"]"#)),
        Ward("i40e-mlx5-x722-connectx4", daemon("0000:1a:00.0", cpus: #"["1", "2"]"#)),
        Ward("sfc-x2522", daemon("0000:a1:00.0", cpus: #"["2", "3"]"#)),
        Ward("bnxt-57416", nil),
        Ward("bnxt-57416", daemon("0000:3b:00.0", cpus: #"["2", "3"]"#)),
        Ward("bnxt-57416", daemon("0000:3c:00.0", cpus: #"["2", "3"]"#)),
        Ward("virtual-machine", nil),
        Ward("virtual-machine", daemon("0000:00:03.0", cpus: #"["0", "1"]"#)),
    ]

    static func daemon(_ address: String, cpus: String?) -> String {
        """
        lcores: {\(cpus.map { "cpus: \($0)" } ?? "plan: split")}
        uplinks: [{pci: "\(address)"}]
        vifs: [{name: a, mac: "02:00:00:00:00:01", kind: attached, trusted: true, socket: /run/viaduct/a}]
        """
    }
}
