// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// Why an accelerated backend cannot be set up.
public enum AcceleratedBackendError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadablePort(DPDKError)
    case wrongPort(VirtualInterface.ID, PortID)
    /// Queue 0 is the slow path's.
    case slowPathQueue(VirtualInterface.ID)
    case noSuchQueue(VirtualInterface.ID, configured: Int)
    case usedTwice(VirtualInterface.ID)
    case sharedMempool(String)
    case badMempoolName(String)
    case transmitDescriptors(VirtualInterface.ID, UInt16)
    case badPluginName(String)
    case virtualDevice(DPDKError)

    public var description: String {
        switch self {
        case .unreadablePort(let error): "the port can't be asked for its driver: \(error)"
        case .wrongPort(let vi, let port): "\(vi) is not on \(port): give the backend VIs of its own port"
        case .slowPathQueue(let vi): "\(vi) uses queue 0, which is the slow path's: count VIs from 1"
        case .noSuchQueue(let vi, let configured): "\(vi) is not one of the \(configured) queue pairs that the port has"
        case .usedTwice(let vi): "\(vi) is there twice: a queue belongs to one VI"
        case .sharedMempool(let name): "mempool \(name) is there twice: give each VI a pool of its own"
        case .badMempoolName(let name): "mempool name \"\(name)\" is empty, too long or has control characters"
        case .transmitDescriptors(let vi, let count):
            "\(vi) has \(count) transmit descriptors: a grant says \(VirtualInterface.grantedTransmitDescriptors)"
        case .badPluginName(let name): "frontend plugin name \"\(name)\" is empty, too long or has control characters"
        case .virtualDevice(let error): "a software VI can't be made: \(error)"
        }
    }
}
