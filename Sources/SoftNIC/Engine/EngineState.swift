// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// What the engine shares with every thread.
struct EngineState: ~Copyable {
    /// The engine's time.
    let clock = Atomic<UInt64>(0)
    /// ``SoftNICFaults``, set by the control plane.
    let faults = Atomic<UInt32>(0)
    /// Of how many frames one meets a fault that does not meet all.
    let faultOdds = Atomic<UInt32>(1)
    /// Queues that are stuck, one bit each: receive in the lower half, transmit in the upper.
    let stuckQueues = Atomic<UInt32>(0)
    /// How often the port's life has ended or begun again; odd while the data path stands still.
    let epoch = Atomic<UInt32>(0)
}

/// How far the engine has come with one queue, and what the control plane wants of it.
struct QueueProgress: ~Copyable {
    /// Frames put into the receive ring. Written by the engine, as are all below but the two last.
    let delivered = Atomic<UInt64>(0)
    /// Posted frames that are on the wire, or never will be.
    let transmitted = Atomic<UInt64>(0)
    /// The last ``wanted`` that the engine has carried out.
    let reached = Atomic<UInt32>(0)
    /// Of the delivered frames, how many are from before the last stop: their owner must not see them any more.
    let stale = Atomic<UInt64>(0)
    /// What the control plane wants: bit 0 that the receive queue is stopped, bit 1 that the port is; bits 2...15 count the
    /// queue's changes, 16...31 the port's.
    let wanted = Atomic<UInt32>(0)
    /// Whether a frame that finds no buffer waits, and stalls the port, instead of being dropped.
    let stallsWhenFull = Atomic<Bool>(false)

    static var queueStopped: UInt32 { @_noLocks get { 1 } }
    static var portStopped: UInt32 { @_noLocks get { 2 } }
    static var stopped: UInt32 { @_noLocks get { 3 } }
    static var portShift: UInt32 { @_noLocks get { 16 } }
}
