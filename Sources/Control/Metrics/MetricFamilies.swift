// SPDX-License-Identifier: BSD-3-Clause

/// A daemon's figures under the names that <doc:Metrics> lists.
struct MetricFamilies {
    private var all: [MetricFamily] = []

    init(_ report: StatusReport) {
        addDaemon(report)
        addLcores(report.lcores)
        addUplink(report.uplink)
        addPlugin(report.plugin)
        addSwitch(report.switch)
        addVifs(report.vifs)
    }

    var text: String { all.map(\.text).joined() }

    private mutating func family(
        _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ fill: (inout MetricFamily) -> Void
    ) {
        var family = MetricFamily("viaduct_\(name)", kind, help)
        fill(&family)
        all.append(family)
    }

    private mutating func addDaemon(_ report: StatusReport) {
        family("uptime_seconds", .gauge, "Since the daemon began to serve.") { $0.add(report.uptimeSeconds) }
    }

    private mutating func addLcores(_ lcores: [LcoreReport]) {
        family("lcore_info", .gauge, "What the lcore does while no packet comes.") {
            for lcore in lcores { $0.add(true, ("lcore", "\(lcore.lcore)"), ("idle", lcore.idle)) }
        }
        family("lcore_rounds_total", .counter, "Times that the lcore looked for packets.") {
            for lcore in lcores { $0.add(lcore.rounds, ("lcore", "\(lcore.lcore)")) }
        }
        family("lcore_busy_rounds_total", .counter, "Times that the lcore looked for packets and found some.") {
            for lcore in lcores { $0.add(lcore.busyRounds, ("lcore", "\(lcore.lcore)")) }
        }
    }

    private mutating func addUplink(_ uplink: UplinkReport) {
        family("uplink_info", .gauge, "What the port to the wire is.") {
            $0.add(true, ("device", uplink.device), ("driver", uplink.driver))
        }
        family("uplink_link_up", .gauge, "Whether the port has a link.") { $0.add(uplink.isLinkUp) }
        family("uplink_usable", .gauge, "Whether the port can be used.") { $0.add(uplink.outOfUse == nil) }
        family("uplink_received_frames_total", .counter, "Frames that the port received.") { $0.add(uplink.received) }
        family("uplink_transmitted_frames_total", .counter, "Frames that the port transmitted.") { $0.add(uplink.transmitted) }
        family("uplink_lost_frames_total", .counter, "Frames that the port itself lost, by reason.") {
            $0.add(uplink.missed, ("reason", "missed"))
            $0.add(uplink.noMbuf, ("reason", "no_mbuf"))
            $0.add(uplink.errors, ("reason", "error"))
        }
        family("uplink_resets_total", .counter, "Resets of the port that were done.") { $0.add(uplink.resets) }
        family("uplink_recoveries_total", .counter, "Repairs of the port by its driver.") { $0.add(uplink.recoveries) }
        family("uplink_failures_total", .counter, "Resets and repairs of the port that failed.") { $0.add(uplink.failures) }
    }

    private mutating func addPlugin(_ plugin: PluginReport) {
        family("plugin_info", .gauge, "The plugin that accelerates.") { $0.add(true, ("plugin", plugin.name)) }
        if let rules = plugin.rules {
            family("flow_rules", .gauge, "Flow rules in the port.") { $0.add(Double(rules)) }
        }
        if let interfaces = plugin.virtualInterfaces {
            family("virtual_interfaces", .gauge, "VIs of the port, by state.") {
                $0.add(Double(interfaces.free), ("state", "free"))
                $0.add(Double(interfaces.granted), ("state", "granted"))
                $0.add(Double(interfaces.quarantined), ("state", "quarantined"))
            }
        }
        addInterfaces(plugin.interfaces)
        family("export_frames_total", .counter, "Frames of VIs that are carried to other processes, by what became of them.") {
            for export in plugin.exports {
                let queue = ("queue", "\(export.queue)")
                $0.add(export.received, queue, ("step", "received"))
                $0.add(export.delivered, queue, ("step", "delivered"))
                $0.add(export.taken, queue, ("step", "taken"))
                $0.add(export.sent, queue, ("step", "sent"))
            }
        }
        family("export_dropped_frames_total", .counter, "Frames of such VIs that were dropped, by reason.") {
            for export in plugin.exports {
                for (reason, count) in export.drops.sorted(by: { $0.key < $1.key }) {
                    $0.add(count, ("queue", "\(export.queue)"), ("reason", reason))
                }
            }
        }
    }

    private mutating func addInterfaces(_ interfaces: [PluginReport.Interface]) {
        typealias Count = PluginReport.Interface.Count
        func each(_ family: inout MetricFamily, _ toGuest: KeyPath<Count, UInt64>, _ fromGuest: KeyPath<Count, UInt64>) {
            for interface in interfaces {
                guard let count = interface.count else { continue }
                let queue = ("queue", "\(interface.queue)")
                family.add(count[keyPath: toGuest], queue, ("direction", "to_guest"))
                family.add(count[keyPath: fromGuest], queue, ("direction", "from_guest"))
            }
        }
        family("virtual_interface_info", .gauge, "Which vif has a VI.") {
            for interface in interfaces {
                if let vif = interface.vif { $0.add(true, ("queue", "\(interface.queue)"), ("vif", vif)) }
            }
        }
        family("virtual_interface_frames_total", .counter, "Frames that the port counted at a VI, whoever had it.") {
            each(&$0, \.receivedFrames, \.transmittedFrames)
        }
        family("virtual_interface_bytes_total", .counter, "Bytes of those frames.") {
            each(&$0, \.receivedBytes, \.transmittedBytes)
        }
    }

    private mutating func addSwitch(_ report: SwitchReport) {
        family("switch_received_frames_total", .counter, "Frames that came into the switch, a copy for each way out.") {
            $0.add(report.frames.in)
        }
        family("switch_delivered_frames_total", .counter, "Frames that the switch delivered.") { $0.add(report.frames.delivered) }
        family("switch_dropped_frames_total", .counter, "Frames that the switch dropped, by reason.") {
            for (reason, count) in report.frames.drops.sorted(by: { $0.key < $1.key }) { $0.add(count, ("reason", reason)) }
        }
        family("switch_held_frames", .gauge, "Frames in the switch.") { $0.add(report.frames.held) }
        family("switch_addresses", .gauge, "Addresses in the forwarding table.") { $0.add(report.addresses) }
    }

    private mutating func addVifs(_ vifs: [VifReport]) {
        func each(_ family: inout MetricFamily, _ value: (VifReport) -> Bool) {
            for vif in vifs { family.add(value(vif), ("vif", vif.name)) }
        }
        family("vif_info", .gauge, "What a vif is.") {
            for vif in vifs {
                let vlan = vif.vlan.map { "\($0)" } ?? ""
                $0.add(
                    true, ("vif", vif.name), ("kind", vif.kind.rawValue), ("mac", vif.mac), ("vlan", vlan),
                    ("form", vif.form ?? ""))
            }
        }
        family("vif_connected", .gauge, "Whether a guest serves the other end.") { each(&$0) { $0.isConnected } }
        family("vif_acceleration_wanted", .gauge, "Whether the vif shall be accelerated.") {
            each(&$0) { $0.isAccelerationWanted }
        }
        family("vif_accelerated", .gauge, "Whether the guest's frames go by its own VI.") { each(&$0) { $0.path == .fast } }
        family("vif_acceleration_refused", .gauge, "Why a vif is on the slow path: 1 for the reason, while there is one.") {
            for vif in vifs where vif.path == .slow {
                if let reason = vif.reason { $0.add(true, ("vif", vif.name), ("reason", reason.code)) }
            }
        }
        family("vif_memory_faults_total", .counter, "Connections that ended since the guest's memory was not what it said.") {
            for vif in vifs { $0.add(Double(vif.memoryFaults), ("vif", vif.name)) }
        }
        family("vif_switch_duration_seconds", .histogram, "How long changes of a vif's path took, by direction.") {
            for vif in vifs {
                guard let switches = vif.switches else { continue }
                $0.add(switches.toFast, ("vif", vif.name), ("direction", "to_fast"))
                $0.add(switches.toSlow, ("vif", vif.name), ("direction", "to_slow"))
            }
        }
        addFrames(vifs)
    }

    private mutating func addFrames(_ vifs: [VifReport]) {
        let directions: [(String, KeyPath<VifReport, FrameCount>)] = [("to_guest", \.toGuest), ("from_guest", \.fromGuest)]
        func each(_ family: inout MetricFamily, _ value: (FrameCount) -> UInt64) {
            for vif in vifs {
                for (name, path) in directions { family.add(value(vif[keyPath: path]), ("vif", vif.name), ("direction", name)) }
            }
        }
        family("vif_frames_total", .counter, "Frames of a vif's slow path, by direction.") { each(&$0) { $0.in } }
        family("vif_delivered_frames_total", .counter, "Those that were delivered.") { each(&$0) { $0.delivered } }
        family("vif_held_frames", .gauge, "Those that wait.") { each(&$0) { $0.held } }
        family("vif_dropped_frames_total", .counter, "Those that were dropped, by reason.") {
            for vif in vifs {
                for (name, path) in directions {
                    for (reason, count) in vif[keyPath: path].drops.sorted(by: { $0.key < $1.key }) {
                        $0.add(count, ("vif", vif.name), ("direction", name), ("reason", reason))
                    }
                }
            }
        }
    }
}
