// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// DPDK's own log. It never reaches standard error by itself: a command's one-line error stands alone.
public enum DPDKLog {
    /// Keeps DPDK's log out of standard error; call before ``EAL/start(_:)``.
    public static func capture() throws(DPDKError) {
        try DPDKError.check(cdpdk_log_redirect(nil), "redirect DPDK's log")
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
