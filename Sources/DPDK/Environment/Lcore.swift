// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// A logical core: a thread of the EAL bound to its CPUs.
public struct LcoreID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public var description: String { "lcore \(rawValue)" }

    /// The NUMA node that the lcore's first CPU belongs to.
    public var numaNode: Int { Int(cdpdk_lcore_numa_node(rawValue)) }

    /// The lcores that may poll, ascending: every one but the main lcore.
    public static var workers: [LcoreID] {
        var ids = [UInt32](repeating: 0, count: 128)
        let count = unsafe ids.withUnsafeMutableBufferPointer { buffer in
            unsafe cdpdk_worker_lcores(buffer.baseAddress!, UInt32(buffer.count))
        }
        return ids.prefix(Int(count)).map { LcoreID(rawValue: $0) }
    }

    /// Runs `function(argument)` on this lcore's thread until it returns.
    ///
    /// - Parameter argument: must stay valid until ``wait()`` returned.
    @unsafe
    public func launch(
        _ function: @convention(c) (UnsafeMutableRawPointer?) -> Int32, _ argument: UnsafeMutableRawPointer
    ) throws(DPDKError) {
        try DPDKError.check(unsafe cdpdk_lcore_launch(rawValue, function, argument), "launch on \(self)")
    }

    /// Waits until the function that was launched here returned; its result.
    @discardableResult
    public func wait() -> Int32 { cdpdk_lcore_wait(rawValue) }
}
