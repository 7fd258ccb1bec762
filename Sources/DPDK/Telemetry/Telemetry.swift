// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK
import Foundation

/// Commands of this process's own beside those of DPDK's libraries, for whoever asks the EAL's telemetry socket
/// (DPDK Programmer's Guide, "Telemetry Library").
public enum Telemetry {
    /// Gets what stands behind the command's comma. Threads of the library's call, one for each client; no lock is held meanwhile.
    public typealias Provider = @Sendable (_ parameters: String?) -> TelemetryObject

    /// Answers `command` from now on. May be called before and after the EAL's start, and again for a command that was withdrawn.
    ///
    /// - Parameter command: `/` and letters, digits, `_` and `/`; at most 55 bytes.
    public static func serve(_ command: String, help: String, _ provider: @escaping Provider) throws(DPDKError) {
        let isKnown = desk.install(command, provider)
        // The library never forgets a command.
        if isKnown { return }
        let result = unsafe cdpdk_telemetry_serve(command, help, telemetry_answer)
        try DPDKError.check(result, "serve the telemetry command \(command)")
    }

    /// Commands are answered with null from now on; no provider runs any more when it returns.
    public static func withdraw() { desk.clear() }

    private static let desk = Desk()

    @unsafe
    fileprivate static func answer(
        _ command: UnsafePointer<CChar>, _ parameters: UnsafePointer<CChar>?, _ data: OpaquePointer
    ) -> Int32 {
        let name = unsafe String(cString: command)
        guard let provider = desk.begin(name) else { return -ENOENT }
        defer { desk.end() }
        let words = unsafe parameters.map { unsafe String(cString: $0) }
        return unsafe fill(data, provider(words).fitted)
    }

    @unsafe
    private static func fill(_ data: OpaquePointer, _ object: TelemetryObject) -> Int32 {
        var result = unsafe cdpdk_telemetry_begin_object(data)
        for entry in object.entries where result == 0 {
            switch entry.value {
            case .text(let text): result = unsafe cdpdk_telemetry_add_text(data, entry.name, text)
            case .number(let number): result = unsafe cdpdk_telemetry_add_number(data, entry.name, number)
            case .list(let items):
                result = unsafe add(to: data, entry.name) { inner in
                    var result = unsafe cdpdk_telemetry_begin_list(inner)
                    for item in items where result == 0 { result = unsafe cdpdk_telemetry_append(inner, item) }
                    return result
                }
            case .object(let counts):
                result = unsafe add(to: data, entry.name) { inner in
                    var result = unsafe cdpdk_telemetry_begin_object(inner)
                    for (name, count) in counts.sorted(by: { $0.key < $1.key }) where result == 0 {
                        result = unsafe cdpdk_telemetry_add_number(inner, name, count)
                    }
                    return result
                }
            }
        }
        return result
    }

    @unsafe
    private static func add(to data: OpaquePointer, _ name: String, _ body: (OpaquePointer) -> Int32) -> Int32 {
        guard let inner = unsafe cdpdk_telemetry_create() else { return -ENOMEM }
        var result = unsafe body(inner)
        if result == 0 { result = unsafe cdpdk_telemetry_add_data(data, name, inner) }
        if result != 0 { unsafe cdpdk_telemetry_free(inner) }
        return result
    }

    /// Who answers what, and how many do at the moment.
    private final class Desk: @unchecked Sendable {
        // SAFETY (@unchecked Sendable): everything is guarded by `condition`.
        private let condition = NSCondition()
        private var providers: [String: Provider?] = [:]
        private var busy = 0

        /// - Returns: whether the library knows the command.
        func install(_ command: String, _ provider: @escaping Provider) -> Bool {
            condition.lock()
            defer { condition.unlock() }
            let isKnown = providers.keys.contains(command)
            providers[command] = .some(provider)
            return isKnown
        }

        func begin(_ command: String) -> Provider? {
            condition.lock()
            defer { condition.unlock() }
            guard let provider = providers[command] ?? nil else { return nil }
            busy += 1
            return provider
        }

        func end() {
            condition.lock()
            defer { condition.unlock() }
            busy -= 1
            condition.broadcast()
        }

        func clear() {
            condition.lock()
            defer { condition.unlock() }
            for command in providers.keys { providers.updateValue(nil, forKey: command) }
            while busy > 0 { condition.wait() }
        }
    }
}

@c private func telemetry_answer(
    _ command: UnsafePointer<CChar>, _ parameters: UnsafePointer<CChar>?, _ data: OpaquePointer
) -> Int32 { unsafe Telemetry.answer(command, parameters, data) }
