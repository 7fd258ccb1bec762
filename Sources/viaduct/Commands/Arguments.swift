// SPDX-License-Identifier: BSD-3-Clause
public import ArgumentParser
public import Control
public import SoftNIC
public import Wire

extension Personality: ExpressibleByArgument {}

extension PluginKind: ExpressibleByArgument {
    init?(argument: String) {
        if argument.isEmpty { return nil }
        self.init(argument)
    }

    var defaultValueDescription: String { word }
}

extension LcorePlan: ExpressibleByArgument {}

extension MACAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension IPv4Address: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension IPv6Address: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

extension IPAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// What `--faults` lists.
struct FaultList: Equatable, Sendable, ExpressibleByArgument {
    let faults: Set<DemoFault>

    init?(argument: String) {
        guard let faults = DemoFault.parse(argument) else { return nil }
        self.faults = faults
    }
}

/// Packets a second, or as many as there is room for.
enum PacketRate: Equatable, Sendable, ExpressibleByArgument {
    case limited(UInt64)
    case max

    init?(argument: String) {
        if argument == "max" {
            self = .max
        } else if let rate = UInt64(argument), (1...1_000_000_000).contains(rate) {
            self = .limited(rate)
        } else {
            return nil
        }
    }

    /// nil for no limit.
    var packetsPerSecond: UInt64? {
        switch self {
        case .limited(let rate): rate
        case .max: nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .limited(let rate): String(rate)
        case .max: "max"
        }
    }
}

extension FrameSizes: ExpressibleByArgument {
    /// A length in bytes, or `imix`.
    init?(argument: String) {
        if argument == "imix" {
            self = .imix
        } else if let length = Int(argument), (Self.minimum...Self.maximum).contains(length) {
            self = .fixed(length)
        } else {
            return nil
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .fixed(let length): String(length)
        case .imix: "imix"
        }
    }
}

/// A switch that is spelled out.
enum OnOff: String, CaseIterable, Sendable, ExpressibleByArgument {
    case on, off
    var isOn: Bool { self == .on }
}
