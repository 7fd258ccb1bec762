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
    public let acceleration: AccelerationStatus
    /// By name; what a frame was dropped for is one of them.
    public let counters: [String: UInt64]
    /// Frames that are held while the vif's path changes.
    public let held: Int
    /// Of a vif whose guests are attached processes.
    public let attachment: AttachmentStatus?
}
