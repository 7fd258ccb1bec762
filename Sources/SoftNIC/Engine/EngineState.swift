// SPDX-License-Identifier: BSD-3-Clause
import Synchronization

/// What the engine shares with every thread.
struct EngineState: ~Copyable {
    /// The engine's time.
    let clock = Atomic<UInt64>(0)
    /// ``SoftNICFaults``, set by the control plane.
    let faults = Atomic<UInt32>(0)
}

/// How far the engine has come with one queue; written by the engine, read by the queue's owner.
struct QueueProgress: ~Copyable {
    /// Frames put into the receive ring.
    let delivered = Atomic<UInt64>(0)
    /// Posted frames that are on the wire, or never will be.
    let transmitted = Atomic<UInt64>(0)
}
