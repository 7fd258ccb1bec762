// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
import Foundation

/// The one EAL of a test process, and the gate that its users pass one at a time.
///
/// `swift test` runs the suites of all test targets in one process and at the same time, and DPDK can be initialised once: so tests
/// that use lcores, ports or pools run inside ``exclusively(_:)``.
public enum EALFixture {
    private static let started: Result<Void, DPDKError> = Result { () throws(DPDKError) in
        try DPDKLog.capture()
        let cpus = ProcessInfo.processInfo.activeProcessorCount
        try EAL.start(EALConfiguration(workers: [[0], [1 % cpus]], memory: .ordinaryPages(megabytes: 512)))
    }

    /// Recursive, so that a helper that asks for the gate may be used inside of it.
    private static let gate = NSRecursiveLock()

    /// Starts the EAL with two worker lcores and 512 MB of ordinary pages, the first time.
    public static func start() throws(DPDKError) { try started.get() }

    /// Runs `body` with the EAL started while no other user of it runs.
    public static func exclusively<Value>(_ body: () throws -> Value) throws -> Value {
        gate.lock()
        defer { gate.unlock() }
        try start()
        return try body()
    }
}
