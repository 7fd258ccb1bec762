// SPDX-License-Identifier: BSD-3-Clause

/// A vif's state in the lane, by its address: valid from `attach` to `detach`.
@safe
struct VifReference: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): only the lane, or the control plane before `attach` and after `detach`, looks behind it.
    private let pointer: UnsafeMutablePointer<VifLane>

    static func allocate(_ lane: consuming VifLane) -> VifReference {
        let pointer = UnsafeMutablePointer<VifLane>.allocate(capacity: 1)
        unsafe pointer.initialize(to: lane)
        return unsafe VifReference(pointer: pointer)
    }

    func deallocate() {
        unsafe pointer.deinitialize(count: 1)
        unsafe pointer.deallocate()
    }

    /// As a word of a command.
    var word: UInt64 { unsafe UInt64(UInt(bitPattern: pointer)) }

    @unsafe @_noLocks
    init?(word: UInt64) {
        guard let pointer = unsafe UnsafeMutablePointer<VifLane>(bitPattern: UInt(word)) else { return nil }
        unsafe self.pointer = pointer
    }

    private init(pointer: UnsafeMutablePointer<VifLane>) { unsafe self.pointer = pointer }

    var lane: VifLane {
        @_noLocks unsafeAddress { unsafe UnsafePointer(pointer) }
        @_noLocks nonmutating unsafeMutableAddress { unsafe pointer }
    }
}
