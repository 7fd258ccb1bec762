// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// Zeroed memory of the EAL's that every process of it finds by name, freed with this value.
///
/// What lies in it has no pointers, references or functions of one process.
@safe
public final class SharedZone: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): an address; who may touch what is there is the business of what is put there.
    public let name: String
    @unsafe public let address: UnsafeMutableRawPointer
    private let isOwner: Bool

    /// - Parameter name: unique in the EAL, at most 31 bytes.
    public init(reserving name: String, byteCount: Int, numaNode: Int = -1) throws(DPDKError) {
        guard (1...31).contains(name.utf8.count), byteCount > 0 else { throw DPDKError("reserve zone \(name)", code: 22) }
        var error: Int32 = 0
        guard let found = unsafe cdpdk_zone_reserve(name, byteCount, Int32(numaNode), &error) else {
            throw DPDKError("reserve zone \(name)", code: error)
        }
        self.name = name
        unsafe address = found
        isOwner = true
    }

    /// The zone that another process, or another part of this one, reserved with at least that size. Valid while that lives.
    public init(named name: String, byteCount: Int) throws(DPDKError) {
        guard let found = unsafe cdpdk_zone_lookup(name, byteCount) else {
            throw DPDKError("find zone \(name)", code: 2, detail: "is it a host of this version?")
        }
        self.name = name
        unsafe address = found
        isOwner = false
    }

    deinit { if isOwner { unsafe cdpdk_zone_free(name) } }
}
