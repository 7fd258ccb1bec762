// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// DPDK's own log. It never reaches standard error by itself: a command's one-line error stands alone.
public enum DPDKLog {
    /// A line, as it was logged.
    public struct Line: Sendable, Equatable {
        /// `RTE_LOG_*`: 1, an emergency, to 8, for debugging.
        public let level: UInt32
        /// Without its end; cut after 511 bytes.
        public let text: String
    }

    /// Keeps DPDK's log out of standard error; call before ``EAL/start(_:)``.
    ///
    /// - Parameter keepsLines: for ``takeLines()``. At most 256 wait; whoever logs waits for no more than the copy of a line.
    public static func capture(keepsLines: Bool = false) throws(DPDKError) {
        try DPDKError.check(cdpdk_log_capture(keepsLines), "redirect DPDK's log")
    }

    /// The lines that were logged since the last call, in their order, and how many others found no room. Any thread.
    public static func takeLines() -> (lines: [Line], lost: UInt64) {
        var lines: [Line] = []
        var lost: UInt64 = 0
        var line = cdpdk_log_line()
        // As many as there may be: a flood does not keep the caller.
        for _ in 0..<256 {
            var more: UInt64 = 0
            let isThere = unsafe cdpdk_log_read(&line, &more)
            lost += more
            guard isThere else { break }
            let text = unsafe withUnsafeBytes(of: &line.text) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            lines.append(Line(level: line.level, text: text))
        }
        return (lines, lost)
    }

    /// The newest line logged since the last call.
    static func takeLastLine() -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { buffer -> String? in
            guard let base = buffer.baseAddress, unsafe cdpdk_log_take_last(base, buffer.count) > 0 else { return nil }
            return unsafe String(cString: base)
        }
    }

    /// Makes `line` the newest one: a device in software has no other way to say why it refuses something.
    static func note(_ line: String) { unsafe cdpdk_log_note(line) }
}
