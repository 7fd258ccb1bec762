// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import DPDK
import Synchronization

/// One VI made in software: a net_ring port over two rings to netback's lane, with a device behind it that knows exactly what
/// has left it.
///
/// Netback hands over its own mbufs, and the guest its own: only for a guest in netback's process.
@safe
final class SoftwareVirtualInterface: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the rings have one producer and one consumer each; `reset()` is called while neither is
    // there; everything else never changes.
    let queuePair: QueuePair
    let mempool: String
    private let state: UnsafeMutablePointer<SoftwareQueueState>
    private let toGuest: MbufRing
    private let fromGuest: MbufRing
    private let discardedToGuest = Atomic<UInt64>(0)
    private let discardedFromGuest = Atomic<UInt64>(0)
    private var device: SoftDevice?
    private var port: Port?

    /// - Parameters:
    ///   - name: at most 12 bytes, unique in the process.
    ///   - depth: frames that each ring takes.
    init(
        name: String, depth: Int, uplink: PortID, mempool: String, pool: MempoolHandle, numaNode: Int
    ) throws(DPDKError) {
        self.mempool = mempool
        let toGuest = try MbufRing(name: "\(name)_to", capacity: depth, numaNode: numaNode)
        let fromGuest = try MbufRing(name: "\(name)_from", capacity: depth, numaNode: numaNode)
        let id = try Port.attach(
            name, receiveRings: [toGuest.handle], transmitRings: [fromGuest.handle], numaNode: numaNode)
        let state = UnsafeMutablePointer<SoftwareQueueState>.allocate(capacity: 1)
        unsafe state.initialize(to: SoftwareQueueState(uplink: uplink, fromGuest: fromGuest.handle))
        let device = unsafe SoftDevice(
            port: id, engine: SoftwareQueueEngine(),
            functions: SoftDeviceFunctions(
                context: state, received: softwareQueueReceived, transmitting: softwareQueueTransmitting,
                readClock: softwareQueueClock, transmitDone: softwareQueueTransmitDone))
        do {
            let descriptors = Int(VirtualInterface.grantedTransmitDescriptors)
            let started = try Port(
                starting: id,
                queues: Port.Queues(pairs: 1, receiveDescriptors: descriptors, transmitDescriptors: descriptors),
                virtualDevice: "net_ring_\(name)"
            ) { _ in pool }
            queuePair = started.queuePair(0, transmitDescriptors: descriptors)
            port = consume started
        } catch {
            unsafe state.deinitialize(count: 1)
            unsafe state.deallocate()
            throw error
        }
        self.device = device
        unsafe self.state = state
        self.toGuest = toGuest
        self.fromGuest = fromGuest
    }

    deinit {
        // The port before the device that stands behind it, both before the rings.
        port = nil
        device = nil
        unsafe state.deinitialize(count: 1)
        unsafe state.deallocate()
    }

    /// What netback gets.
    @unsafe var c: viaduct_soft_vi {
        unsafe viaduct_soft_vi(
            to_guest: toGuest.handle.unsafeAddress, from_guest: fromGuest.handle.unsafeAddress,
            settled: UnsafeMutableRawPointer(state.pointee.settled).assumingMemoryBound(to: UInt64.self))
    }

    /// Frees what is left in the rings. Neither the guest nor netback may touch the VI.
    func reset() {
        var burst = MbufBurst(capacity: 64)
        while toGuest.handle.dequeue(into: &burst) > 0 {
            discardedToGuest.add(UInt64(burst.free()), ordering: .relaxed)
        }
        while true {
            let taken = fromGuest.handle.dequeue(into: &burst)
            if taken == 0 { return }
            unsafe state.pointee.settle(taken)
            discardedFromGuest.add(UInt64(burst.free()), ordering: .relaxed)
        }
    }

    var counts: SoftwareVirtualInterfaceCounts {
        SoftwareVirtualInterfaceCounts(
            discardedToGuest: discardedToGuest.load(ordering: .relaxed),
            discardedFromGuest: discardedFromGuest.load(ordering: .relaxed),
            waiting: toGuest.handle.count + fromGuest.handle.count)
    }
}

/// A device in software without a flow table: rules are the uplink's business.
private final class SoftwareQueueEngine: SoftDeviceEngine {
    func setUpQueue(_ queue: UInt16, descriptors: Int, pool: MempoolHandle) throws(DPDKError) {}

    func validate(_ rule: FlowRule) throws(FlowError) { throw FlowError(code: 95, message: "a software VI has no flow rules") }
    func create(_ rule: FlowRule) throws(FlowError) -> UInt {
        throw FlowError(code: 95, message: "a software VI has no flow rules")
    }
    func destroy(_ handle: UInt) throws(FlowError) {}
}
