// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

extension Port {
    /// The most queue pairs that one net_ring port has (`RTE_PMD_RING_MAX_RX_RINGS`).
    public static let maximumRingQueuePairs = 16

    /// A net_ring port over existing rings; its port, still unconfigured. The rings must outlive it.
    public static func attach(
        _ name: String, receiveRings: [MbufRingHandle], transmitRings: [MbufRingHandle], numaNode: Int = -1
    ) throws(DPDKError) -> PortID {
        var receive = unsafe receiveRings.map { unsafe $0.pointer }
        var transmit = unsafe transmitRings.map { unsafe $0.pointer }
        let result = unsafe receive.withUnsafeMutableBufferPointer { rx in
            unsafe transmit.withUnsafeMutableBufferPointer { tx in
                unsafe cdpdk_port_from_rings(
                    name, rx.baseAddress!, UInt16(rx.count), tx.baseAddress!, UInt16(tx.count), Int32(numaNode))
            }
        }
        try DPDKError.check(result, "create ring port \(name)")
        return PortID(rawValue: UInt16(result))
    }
}
