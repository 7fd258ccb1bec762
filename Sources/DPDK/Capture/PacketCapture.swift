// SPDX-License-Identifier: BSD-3-Clause
import CDPDK

/// Lets DPDK's capture tools, `dpdk-dumpcap` above all, copy the frames of this process's ports (librte_pdump, DPDK guide "Packet Capture Library").
///
/// A tool is a secondary process, so memory must be shared with it (``EALMemory/shared(megabytes:filePrefix:)``), and has room for its pool
/// (``megabytes``); a port that nobody captures costs nothing. A tool that is killed leaves its callbacks in the port, and may hold a lock of DPDK's
/// heap.
///
/// Used from the control plane.
public enum PacketCapture {
    /// What a tool's pool and rings take of this process's memory, with some to spare (dpdk-dumpcap: a pool of 8191 copies of 2 KB at most).
    public static let megabytes = 40

    /// From now on tools are served, until ``withdraw()``.
    public static func serve() throws(DPDKError) {
        let result = cdpdk_capture_serve()
        guard result == 0 else { throw DPDKError("serve capture tools", code: abs(result)) }
    }

    public static func withdraw() { cdpdk_capture_withdraw() }
}
