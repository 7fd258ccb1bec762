// SPDX-License-Identifier: BSD-3-Clause

/// Something that a poll loop runs once a round: a function and the state that it works on.
///
/// The function runs on one lcore at a time, must return soon (a burst's worth of work), and returns how many packets or
/// commands it handled: 0 tells the loop that it may rest.
@safe
public struct Poller: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the context is touched by the lcore that the poller is assigned to, and by the control
    // plane only while the poller is assigned to none.
    public typealias Function = @convention(c) (UnsafeMutableRawPointer) -> UInt32

    /// For logs and status.
    public let name: String
    public let function: Function
    /// Lives until the poller was removed from its loop.
    public let context: UnsafeMutableRawPointer

    @unsafe
    public init(name: String, function: @escaping Function, context: UnsafeMutableRawPointer) {
        self.name = name
        unsafe self.function = function
        unsafe self.context = context
    }
}
