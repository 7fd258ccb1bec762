// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// What went wrong in a call into DPDK.
public struct DPDKError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The operation that failed, for people.
    public let operation: String
    /// The errno (positive).
    public let code: Int32
    /// The last line that DPDK logged during the operation: the driver's own words, when it had any.
    public let detail: String?

    public init(_ operation: String, code: Int32, detail: String? = nil) {
        self.operation = operation
        self.code = code < 0 ? 0 - code : code
        self.detail = detail
    }

    public var description: String {
        let reason = unsafe String(cString: cdpdk_strerror(code))
        guard let detail else { return "\(operation): \(reason)" }
        return "\(operation): \(reason) (\(detail))"
    }

    /// What a function answers that the driver does not have (-ENOTSUP).
    static let notSupported: Int32 = -95

    /// Throws when `result` is a negative errno; takes DPDK's newest log line along.
    @discardableResult
    static func check(_ result: Int32, _ operation: @autoclosure () -> String) throws(DPDKError) -> Int32 {
        guard result < 0 else { return result }
        throw DPDKError(operation(), code: result, detail: DPDKLog.takeLastLine())
    }
}
