// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// What is wrong with the memory that a vhost-user guest shares: librte_vhost maps what the guest says, and the guest keeps the files.
public enum VhostMemoryFault: UInt8, Sendable, Equatable {
    /// The guest names more than its file has.
    case beyondFile = 1
    /// The file was cut off while its memory was in use.
    case cutOff = 2

    init?(_ fault: cdpdk_vhost_fault) { self.init(rawValue: UInt8(truncatingIfNeeded: fault.rawValue)) }

    public var text: String {
        switch self {
        case .beyondFile: "the guest named more memory than its file has"
        case .cutOff: "the guest cut the file of its memory off"
        }
    }

    /// From now on a touch of a guest's memory that is not in its file any more (SIGBUS) does not end the process: the memory reads as zeros, and
    /// ``take(of:)`` tells of it. The process's handler of that signal is taken; what is not about a guest's memory goes to the one before.
    ///
    /// For a program that owns its process; call it once, after others who set such a handler.
    public static func survive() throws(DPDKError) {
        let result = cdpdk_vhost_survive_lost_memory()
        if result < 0 { throw DPDKError("handle bus errors of guests' memory", code: result) }
    }

    /// What poll loops found wrong with a connected guest's memory, once; its connection is to be ended (``hangUp(_:)``).
    public static func take(of device: VhostDeviceID) -> VhostMemoryFault? { VhostMemoryFault(cdpdk_vhost_take_fault(device)) }

    /// Ends a guest's connection, as if the guest had hung up. Does not wait for that.
    public static func hangUp(_ device: VhostDeviceID) { cdpdk_vhost_hang_up(device) }
}
