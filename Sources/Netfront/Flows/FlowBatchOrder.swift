// SPDX-License-Identifier: BSD-3-Clause
import Acceleration

/// What the guest's lcore is to know about a batch of flows: at first, which it adds; then, which to forget, because they are
/// removed or were refused. It answers by an event when it has taken an order and looks at it no more; then the control plane
/// frees that.
@safe
struct FlowBatchOrder: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): written before it is sent, read by the lcore alone until the answer.
    @safe
    struct Content {
        let sequence: UInt32
        let drains: Bool
        let addCount: Int
        let removeCount: Int
        let adds: UnsafeMutablePointer<FlowEntry>
        let removes: UnsafeMutablePointer<FlowSelector>
    }

    private let content: UnsafeMutablePointer<Content>

    static func allocate(
        sequence: UInt32, drains: Bool = false, adds: [FlowEntry] = [], removes: [FlowSelector] = []
    ) -> FlowBatchOrder {
        let addSlots = UnsafeMutablePointer<FlowEntry>.allocate(capacity: max(adds.count, 1))
        for (index, entry) in adds.enumerated() { unsafe (addSlots + index).initialize(to: entry) }
        let removeSlots = UnsafeMutablePointer<FlowSelector>.allocate(capacity: max(removes.count, 1))
        for (index, selector) in removes.enumerated() { unsafe (removeSlots + index).initialize(to: selector) }
        let content = UnsafeMutablePointer<Content>.allocate(capacity: 1)
        unsafe content.initialize(
            to: Content(
                sequence: sequence, drains: drains, addCount: adds.count, removeCount: removes.count, adds: addSlots,
                removes: removeSlots))
        return unsafe FlowBatchOrder(content: content)
    }

    func deallocate() {
        unsafe content.pointee.adds.deallocate()
        unsafe content.pointee.removes.deallocate()
        unsafe content.deallocate()
    }

    private init(content: UnsafeMutablePointer<Content>) { unsafe self.content = content }

    /// Addresses of a process have 48 bits.
    var word: UInt64 { unsafe UInt64(UInt(bitPattern: content)) }

    @unsafe @_noLocks
    init?(word: UInt64) {
        guard let content = unsafe UnsafeMutablePointer<Content>(bitPattern: UInt(word)) else { return nil }
        unsafe self.content = content
    }

    var sequence: UInt32 { @_noLocks get { unsafe content.pointee.sequence } }
    /// Whether it is to be told when the VI has nothing more of flows that are removed.
    var drains: Bool { @_noLocks get { unsafe content.pointee.drains } }
    var addCount: Int { @_noLocks get { unsafe content.pointee.addCount } }
    var removeCount: Int { @_noLocks get { unsafe content.pointee.removeCount } }

    @_noLocks
    func add(_ index: Int) -> FlowEntry {
        precondition(index >= 0 && index < addCount, "no such flow")
        return unsafe content.pointee.adds[index]
    }

    @_noLocks
    func remove(_ index: Int) -> FlowSelector {
        precondition(index >= 0 && index < removeCount, "no such flow")
        return unsafe content.pointee.removes[index]
    }
}
