// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK

extension AcceleratedBackend {
    /// Checks every queue index against the `configured` queue pairs of the port: some drivers take one that does not exist (dpdk ixgbe_flow.c, up to 25.11).
    static func check(
        _ interfaces: [VirtualInterface], port: PortID, configured: Int
    ) throws(AcceleratedBackendError) {
        var ids: Set<VirtualInterface.ID> = []
        var mempools: Set<String> = []
        for interface in interfaces {
            let pair = interface.queuePair
            guard ids.insert(interface.id).inserted else { throw .usedTwice(interface.id) }
            let grant = Grant.queuePair(
                port: pair.port.rawValue, rxQueue: pair.receiveQueue, txQueue: pair.transmitQueue,
                mempool: interface.mempool)
            guard ControlMessage.grant(id: 1, grant, fenceNonce: 1, settleNanoseconds: 0).isEncodable else {
                throw .badMempoolName(interface.mempool)
            }
            guard pair.transmitDescriptors == VirtualInterface.grantedTransmitDescriptors else {
                throw .transmitDescriptors(interface.id, pair.transmitDescriptors)
            }
            if interface.isSoftware { continue }
            guard pair.port == port else { throw .wrongPort(interface.id, port) }
            guard pair.receiveQueue != 0, pair.transmitQueue != 0 else { throw .slowPathQueue(interface.id) }
            guard Int(pair.receiveQueue) < configured, Int(pair.transmitQueue) < configured else {
                throw .noSuchQueue(interface.id, configured: configured)
            }
            guard mempools.insert(interface.mempool).inserted else { throw .sharedMempool(interface.mempool) }
        }
    }
}
