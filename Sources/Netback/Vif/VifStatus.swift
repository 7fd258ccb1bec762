// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import Wire

/// One vif as any tool may see it.
public struct VifStatus: Sendable, Equatable {
    public let id: UInt32
    public let name: String
    public let mac: MACAddress
    /// Whether a guest serves the other end of the slow path.
    public let isConnected: Bool
    /// Of a vif for a guest in another DPDK process: whether that guest is at the other end of its control link; nil without a link.
    public let hasControlLink: Bool?
    /// Queue pairs that the guest uses now; 0 without one.
    public let queuePairs: Int
    public let acceleration: AccelerationStatus
    /// By name; what a frame was dropped for is one of them.
    public let counters: [String: UInt64]
    /// Frames that are held while the vif's path changes.
    public let held: Int
    /// Connections that were ended since the guest's memory was not what it said.
    public let memoryFaults: Int
    /// What was wrong the last time, in words.
    public let memoryFault: String?
    /// Of a vif whose guests are attached processes.
    public let attachment: AttachmentStatus?
}
