// SPDX-License-Identifier: BSD-3-Clause
import DPDK

// Names are those of the status in JSON. The library has no truth values: 1 and 0.

extension TelemetryObject {
    init(error: String) {
        self.init()
        self["error"] = .text(error)
    }

    init(_ report: StatusReport) {
        self.init()
        let uplink = report.uplink
        self["schemaVersion"] = .number(UInt64(StatusReport.schemaVersion))
        self["pid"] = .number(UInt64(max(0, report.pid)))
        self["uptimeSeconds"] = .number(UInt64(max(0, report.uptimeSeconds)))
        self["device"] = .text(uplink.device)
        self["driver"] = .text(uplink.driver)
        self["outOfUse"] = uplink.outOfUse.map { .text($0) }
        self["uplink"] = .object([
            "isLinkUp": uplink.isLinkUp ? 1 : 0, "mtu": UInt64(max(0, uplink.mtu)), "resets": uplink.resets,
            "recoveries": uplink.recoveries, "failures": uplink.failures, "received": uplink.received,
            "transmitted": uplink.transmitted, "missed": uplink.missed, "noMbuf": uplink.noMbuf, "errors": uplink.errors,
        ])
        self["plugin"] = .text(report.plugin.name)
        self["rules"] = report.plugin.rules.map { .number(UInt64(max(0, $0))) }
        self["switch"] = .object(Self.counts(report.switch.frames))
        self["addresses"] = .number(report.switch.addresses)
        self["vifs"] = .number(UInt64(report.vifs.count))
    }

    init(_ report: SwitchReport) {
        self.init()
        self["frames"] = .object(Self.counts(report.frames))
        self["addresses"] = .number(report.addresses)
        self["counters"] = .object(report.counters)
    }

    init(_ report: VifReport) {
        self.init()
        self["name"] = .text(report.name)
        self["kind"] = .text(report.kind.rawValue)
        self["mac"] = .text(report.mac)
        self["vlan"] = report.vlan.map { .number(UInt64($0)) }
        self["isConnected"] = .number(report.isConnected ? 1 : 0)
        self["isAccelerationWanted"] = .number(report.isAccelerationWanted ? 1 : 0)
        self["path"] = .text(report.path.rawValue)
        self["state"] = .text(report.state)
        self["form"] = report.form.map { .text($0) }
        self["coverage"] = report.coverage.map { .text($0) }
        self["reason"] = report.reason.map { .text($0.code) }
        self["reasonWords"] = report.reason.map { .text($0.words) }
        self["toGuest"] = .object(Self.counts(report.toGuest))
        self["fromGuest"] = .object(Self.counts(report.fromGuest))
        self["counters"] = .object(report.counters)
    }

    private static func counts(_ frames: FrameCount) -> [String: UInt64] {
        ["in": frames.in, "delivered": frames.delivered, "dropped": frames.dropped, "held": frames.held]
    }
}
