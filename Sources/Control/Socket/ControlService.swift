// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Logging

/// Answers requests, one line each, whatever they hold.
public struct ControlService: Sendable {
    private let host: any ControlledHost

    public init(_ host: any ControlledHost) { self.host = host }

    /// The reply to a line, both without their ends. May take seconds.
    public func answer(_ line: [UInt8]) -> [UInt8] {
        switch begin(line) {
        case .answered(let reply): reply
        case .change(let request): finish(request)
        }
    }

    /// What became of a line.
    enum Progress {
        case answered([UInt8])
        /// It changes something, which waits for other changes and may take seconds: ``finish(_:)``.
        case change(ControlRequest)
    }

    func begin(_ line: [UInt8]) -> Progress {
        do throws(ControlFailure) {
            let request = try Self.request(line)
            if request.command.isChange { return .change(request) }
            return .answered(try carryOut(request))
        } catch {
            return .answered(Self.encode(ControlReply<ControlDone>(errors: error.lines)))
        }
    }

    func finish(_ request: ControlRequest) -> [UInt8] {
        do throws(ControlFailure) {
            return try carryOut(request)
        } catch {
            return Self.encode(ControlReply<ControlDone>(errors: error.lines))
        }
    }

    /// The reply to a line that is not even read.
    static func refusal(_ words: String) -> [UInt8] { encode(ControlReply<ControlDone>(errors: [words])) }

    static func request(_ line: [UInt8]) throws(ControlFailure) -> ControlRequest {
        guard nesting(line) <= ControlRequest.maximumDepth else {
            throw ControlFailure("the request has more than \(ControlRequest.maximumDepth) levels: send fewer")
        }
        struct Head: Decodable { let version: Int }
        let decoder = JSONDecoder()
        let data = Data(line)
        guard let head = try? decoder.decode(Head.self, from: data) else {
            throw ControlFailure("the request is no JSON object with a version: send {\"version\": \(ControlRequest.version), …}")
        }
        guard head.version == ControlRequest.version else {
            throw ControlFailure("this daemon speaks version \(ControlRequest.version), not \(head.version): use the same build")
        }
        do {
            return try decoder.decode(ControlRequest.self, from: data)
        } catch {
            let commands = ControlCommand.allCases.map(\.rawValue).joined(separator: ", ")
            throw ControlFailure("the request is not understood: it needs a command (\(commands)) and what goes with it")
        }
    }

    /// How deep lists and objects go, outside of strings. A decoder recurses.
    static func nesting(_ line: [UInt8]) -> Int {
        var depth = 0
        var deepest = 0
        var isText = false
        var isEscaped = false
        for byte in line {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
    }

    private func carryOut(_ request: ControlRequest) throws(ControlFailure) -> [UInt8] {
        switch request.command {
        case .status: return Self.encode(ControlReply(try status(request.vif)))
        case .explain: return Self.encode(ControlReply(Explanation(try vif(Self.name(request)), in: host.status)))
        case .fdb: return Self.encode(ControlReply(try host.forwardingTable()))
        case .flows: return Self.encode(ControlReply(host.flows))
        case .switches: return Self.encode(ControlReply(host.switches))
        case .logLevel: return Self.encode(ControlReply(try logLevel(request.level)))
        case .accelerate, .addVif, .removeVif, .setVif: return Self.encode(ControlReply(try change(request)))
        }
    }

    private func change(_ request: ControlRequest) throws(ControlFailure) -> ControlDone {
        switch request.command {
        case .addVif:
            guard let tree = request.settings else { throw ControlFailure("vif-add needs settings: give the vif's keys") }
            let settings: VifSettings
            do throws(ConfigurationError) {
                settings = try VifSettings(tree)
            } catch {
                throw ControlFailure(error)
            }
            try host.addVif(settings)
            return ControlDone("vif \(settings.name) added")
        case .removeVif:
            let name = try vif(Self.name(request)).name
            try host.removeVif(name)
            return ControlDone("vif \(name) removed")
        case .setVif:
            let name = try vif(Self.name(request)).name
            guard let changes = request.settings else { throw ControlFailure("vif-set needs settings: give the keys to change") }
            try host.changeVif(name, changes)
            return ControlDone("vif \(name) changed")
        default:
            let found = try vif(Self.name(request))
            guard let wanted = request.wanted else { throw ControlFailure("accelerate needs wanted: say true or false") }
            if wanted && found.kind == .vm { throw ControlFailure("vif \(found.name): \(Explanation.withoutNetfront)") }
            if wanted && found.kind == .remote && found.hasControlLink == nil {
                throw ControlFailure("vif \(found.name): only a trusted guest may have a VI: say trusted: true")
            }
            try host.setAcceleration(wanted, vif: found.name)
            return ControlDone("acceleration of vif \(found.name) is \(wanted ? "on" : "off")")
        }
    }

    private static func name(_ request: ControlRequest) throws(ControlFailure) -> String {
        guard let name = request.vif else { throw ControlFailure("\(request.command.rawValue) needs a vif: name it") }
        return name
    }

    private func vif(_ name: String) throws(ControlFailure) -> VifReport {
        let vifs = host.status.vifs
        guard let found = vifs.first(where: { $0.name == name }) else {
            let nearest = NearestWord.of(name, among: vifs.map(\.name))
            throw ControlFailure(
                "there is no vif \(name.prefix(40)): \(nearest.map { "did you mean \($0)?" } ?? "see viaduct status")")
        }
        return found
    }

    private func status(_ name: String?) throws(ControlFailure) -> StatusReport {
        var report = host.status
        if let name { report.vifs = [try vif(name)] }
        return report
    }

    private func logLevel(_ text: String?) throws(ControlFailure) -> LogLevelReport {
        if let text {
            guard let level = Logger.Level(rawValue: text) else {
                let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                throw ControlFailure("\"\(text.prefix(20))\" is no log level: choose one of \(levels)")
            }
            host.logLevel = level
        }
        return LogLevelReport(level: host.logLevel.rawValue)
    }

    private static func encode(_ reply: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Nothing in a reply can fail to be encoded: all numbers are finite.
        return (try? encoder.encode(reply)).map { [UInt8]($0) } ?? []
    }
}
