// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// What a daemon says of itself by DPDK's telemetry: the same figures as by its control socket, under `/viaduct/`. See <doc:Telemetry>.
public struct TelemetryService: Sendable {
    private let host: any ControlledHost

    public init(_ host: any ControlledHost) { self.host = host }

    /// Answers until `Telemetry.withdraw()`.
    public func start() throws(DPDKError) {
        for command in Command.allCases {
            try Telemetry.serve(command.path, help: command.help) { answer(command, $0) }
        }
    }

    public enum Command: String, CaseIterable, Sendable {
        case status, vifs, vif
        case switching = "switch"
        case flows

        public var path: String { "/viaduct/\(rawValue)" }

        var help: String {
            switch self {
            case .status: "The daemon, its uplink and its switch. No parameters"
            case .vifs: "The names of the vifs. No parameters"
            case .vif: "One vif and all that it counts. Parameters: its name"
            case .switching: "All that the switch counts. No parameters"
            case .flows: "Flows of a vif that have rules of their own. Parameters: its name"
            }
        }
    }

    /// - Parameter parameters: what stood behind the command's comma.
    public func answer(_ command: Command, _ parameters: String?) -> TelemetryObject {
        let report = host.status
        switch command {
        case .status: return TelemetryObject(report)
        case .vifs:
            var result = TelemetryObject()
            result["count"] = .number(UInt64(report.vifs.count))
            result["vifs"] = .list(report.vifs.map(\.name))
            return result
        case .switching: return TelemetryObject(report.switch)
        case .vif, .flows:
            guard let name = parameters, !name.isEmpty else {
                return TelemetryObject(error: "\(command.path) needs the name of a vif: say \(command.path),NAME")
            }
            guard let vif = report.vifs.first(where: { $0.name == name }) else {
                return TelemetryObject(error: "there is no vif \(name.prefix(40)): see \(Command.vifs.path)")
            }
            return command == .vif ? TelemetryObject(vif) : flows(of: name)
        }
    }

    private func flows(of vif: String) -> TelemetryObject {
        let flows = host.flows
        var result = TelemetryObject()
        result["vif"] = .text(vif)
        result["portRules"] = .number(UInt64(max(0, flows.rules)))
        // Others are not steered flow by flow.
        guard let own = flows.vifs.first(where: { $0.vif == vif }) else {
            result["flows"] = .list([])
            return result
        }
        result["ruleLimit"] = .number(UInt64(max(0, own.ruleLimit)))
        result["flows"] = .list(own.flows.map { "\($0.match) \($0.framesPerSecond)/s" })
        return result
    }
}
