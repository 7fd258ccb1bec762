// SPDX-License-Identifier: BSD-3-Clause
public import DPDK
public import Wire

/// A guest's network device for the application that is the guest: a burst in, a burst out, and never a word about which path a
/// packet took.
///
/// Valid until ``Netfront/close()``. All operations belong to one lcore at a time, and that lcore must call ``receive(into:)``
/// regularly even when it expects nothing, and while packets of its own wait to be sent: switches of path are carried out there.
@safe
public struct GuestDeviceHandle: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): may move between threads; one at a time calls.
    let device: UnsafeMutablePointer<GuestDevice>

    /// Appends what arrived to `burst`, up to its capacity; how many. The mbufs are the burst's.
    ///
    /// Frames of one sender come in the order in which it sent them, whichever path they took.
    @_noLocks
    public func receive(into burst: inout MbufBurst) -> Int { unsafe device.pointee.receive(into: &burst) }

    /// Sends what can go now; how many. The rest stays in `burst`, in order: no room, or an order to keep. Offer it again, before
    /// anything newer.
    @_noLocks
    public func transmit(_ burst: inout MbufBurst) -> Int { unsafe device.pointee.transmit(&burst) }

    /// The guest's pool: the one to allocate from for what it sends.
    public var pool: MempoolHandle { @_noLocks get { unsafe device.pointee.pool } }

    public var mac: MACAddress { @_noLocks get { unsafe MACAddress(rawValue: device.pointee.mac) } }
}
