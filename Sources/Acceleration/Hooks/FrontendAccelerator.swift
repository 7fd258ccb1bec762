// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel
public import DPDK

/// The guest's side of a plugin: one value for each guest device that uses it.
///
/// The hot operations run on the guest's lcore and carry `@_noLocks` in the plugin; the others run on a control-plane thread
/// while no lcore is inside. See `viaduct_accel.h` for the contract of each hook; the static functions below,
/// whose names begin with `_`, are bodies for the hooks' C functions.
public protocol FrontendAccelerator: ~Copyable {
    /// A device may use this plugin; nil refuses it.
    init?(vif: VifDescription)
    /// Opens the granted VI.
    mutating func open(_ grant: Grant, id: UInt32, transmitDescriptors: UInt16) throws(DPDKError)
    /// Lets go of the VI, if one is open.
    mutating func close()
    mutating func suspend()
    mutating func resume()

    /// Hot. Fills slots with what the VI received; how many.
    mutating func poll(into burst: BorrowedBurst) -> Int
    /// Hot. Writes a verdict for each eligible packet of the burst.
    mutating func transmit(_ burst: BorrowedBurst, verdicts: Verdicts)
    /// Hot. Whether all that was accepted has left the VI; nil where the driver cannot tell.
    mutating func isTransmitDone() -> Bool?
    /// Hot. Nanoseconds on the VI's clock; 0 when it is not known now. Each reading is no older than the return of the one before, and
    /// all that the VI delivered until then was yielded by ``poll(into:)``, or will be by its next call.
    mutating func clock() -> UInt64
    /// Hot. Asks for a wake-up; true when there is work already.
    mutating func armWakeup() -> Bool
    /// Hot.
    mutating func disarmWakeup()
    /// Hot.
    var isReady: Bool { get }

    /// Alongside the hot operations.
    var statistics: viaduct_path_statistics { get }
}

/// Bodies for a frontend plugin's `@c` functions, one line each. They are generic, and Swift cannot form a C function pointer from
/// a generic function; so each plugin writes the lines, which also lets the compiler check the hot ones under `@_noLocks`.
extension FrontendAccelerator where Self: ~Copyable {
    @unsafe public static func _newDevice(_ vif: UnsafePointer<viaduct_vif>) -> UnsafeMutableRawPointer? {
        guard let device = unsafe Self(vif: VifDescription(vif.pointee)) else { return nil }
        let memory = UnsafeMutablePointer<Self>.allocate(capacity: 1)
        unsafe memory.initialize(to: device)
        return UnsafeMutableRawPointer(memory)
    }

    @unsafe public static func _remove(_ device: UnsafeMutableRawPointer) {
        let memory = unsafe device.assumingMemoryBound(to: Self.self)
        unsafe memory.deinitialize(count: 1)
        unsafe memory.deallocate()
    }

    @unsafe public static func _backendChanged(
        _ device: UnsafeMutableRawPointer, _ grant: UnsafePointer<viaduct_grant>?
    ) -> Int32 {
        let memory = unsafe device.assumingMemoryBound(to: Self.self)
        guard let grant = unsafe grant?.pointee else {
            unsafe memory.pointee.close()
            return 0
        }
        guard let known = Grant(grant) else { return -95 }
        do throws(DPDKError) {
            try unsafe memory.pointee.open(known, id: grant.id, transmitDescriptors: grant.tx_descriptors)
            return 0
        } catch {
            return 0 - error.code
        }
    }

    @unsafe public static func _suspend(_ device: UnsafeMutableRawPointer) {
        unsafe device.assumingMemoryBound(to: Self.self).pointee.suspend()
    }

    @unsafe public static func _resume(_ device: UnsafeMutableRawPointer) {
        unsafe device.assumingMemoryBound(to: Self.self).pointee.resume()
    }

    @unsafe public static func _statistics(
        _ device: UnsafeMutableRawPointer, _ statistics: UnsafeMutablePointer<viaduct_path_statistics>
    ) {
        unsafe statistics.pointee = device.assumingMemoryBound(to: Self.self).pointee.statistics
    }
}
