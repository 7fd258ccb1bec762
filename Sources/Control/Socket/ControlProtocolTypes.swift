// SPDX-License-Identifier: BSD-3-Clause

/// What a client may ask for. See <doc:ControlSocket>.
public enum ControlCommand: String, CaseIterable, Codable, Sendable {
    case status, explain, accelerate
    case addVif = "vif-add"
    case removeVif = "vif-remove"
    case setVif = "vif-set"
    case fdb, flows, switches
    case logLevel = "log-level"

    /// Whether vifs change: one such command is carried out after the other.
    var isChange: Bool {
        switch self {
        case .accelerate, .addVif, .removeVif, .setVif: true
        case .status, .explain, .fdb, .flows, .switches, .logLevel: false
        }
    }
}

/// One line to the daemon.
public struct ControlRequest: Codable, Sendable, Equatable {
    public static let version = 1
    /// Bytes of the longest line, its end included.
    public static let maximumBytes = 65536
    /// Lists and objects inside each other.
    static let maximumDepth = 8

    public var version = Self.version
    public var command: ControlCommand
    /// The name of a vif.
    public var vif: String?
    /// Of `accelerate`.
    public var wanted: Bool?
    /// Keys of a vif, as in the configuration file; in `vif-set` null takes a key out.
    public var settings: ConfigurationTree?
    /// Of `log-level`; without, the level is told and stays.
    public var level: String?

    public init(_ command: ControlCommand, vif: String? = nil) {
        self.command = command
        self.vif = vif
    }
}

/// One line from the daemon.
public struct ControlReply<Result: Codable & Sendable>: Codable, Sendable {
    public let version: Int
    /// There are no `errors`.
    public let ok: Bool
    /// A line each.
    public let errors: [String]?
    public let result: Result?

    init(_ result: Result) {
        version = ControlRequest.version
        ok = true
        errors = nil
        self.result = result
    }

    init(errors: [String]) {
        version = ControlRequest.version
        ok = false
        self.errors = errors
        result = nil
    }
}

/// The result of a command that only does something.
public struct ControlDone: Codable, Sendable, Equatable {
    /// What was done, in words.
    public let message: String

    public init(_ message: String) { self.message = message }
}

/// The result of `log-level`.
public struct LogLevelReport: Codable, Sendable, Equatable {
    public let level: String

    public init(level: String) { self.level = level }
}
