// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel

extension Grant {
    /// The grant in the ABI's form.
    public func c(id: UInt32) -> viaduct_grant {
        var grant = viaduct_grant()
        grant.id = id
        switch self {
        case .queuePair(let port, let rxQueue, let txQueue, let mempool, let vlan):
            grant.kind = VIADUCT_GRANT_QUEUE_PAIR.rawValue
            grant.port = port
            grant.rx_queue = rxQueue
            grant.tx_queue = txQueue
            grant.tx_descriptors = 1024
            grant.vlan = vlan ?? 0
            CText.write(mempool, to: &grant.mempool)
        case .device(let devargs):
            grant.kind = VIADUCT_GRANT_DEVICE.rawValue
            CText.write(devargs, to: &grant.devargs)
        }
        return grant
    }

    /// What came through the ABI; nil for a kind that this version does not know.
    public init?(_ grant: viaduct_grant) {
        switch grant.kind {
        case VIADUCT_GRANT_QUEUE_PAIR.rawValue:
            self = .queuePair(
                port: grant.port, rxQueue: grant.rx_queue, txQueue: grant.tx_queue, mempool: CText.read(grant.mempool),
                vlan: grant.vlan == 0 ? nil : grant.vlan)
        case VIADUCT_GRANT_DEVICE.rawValue:
            self = .device(devargs: CText.read(grant.devargs))
        default:
            return nil
        }
    }
}
