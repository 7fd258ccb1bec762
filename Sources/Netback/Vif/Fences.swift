// SPDX-License-Identifier: BSD-3-Clause

/// A fence on its way to the guest: behind every frame that the default queue had received when the settle time was over.
struct GuestFence {
    enum Stage {
        case none
        /// Waits until the port's clock has advanced by the settle time.
        case settling
        /// Waits until the default queue was seen empty, or until a full ring's worth of frames passed.
        case draining
        /// Waits for its place in the outbox.
        case ready
    }

    private(set) var stage = Stage.none
    private(set) var sequence: UInt32 = 0
    private var start: UInt64 = 0
    private var settle: UInt64 = 0
    private var drained = 0

    init() {}

    var isWaiting: Bool {
        @_noLocks get {
            if case .none = stage { false } else { true }
        }
    }

    var isReady: Bool {
        @_noLocks get {
            if case .ready = stage { true } else { false }
        }
    }

    @_noLocks
    mutating func begin(sequence: UInt32, settle: UInt64, clock: UInt64) {
        self.sequence = sequence
        self.settle = settle
        start = clock
        drained = 0
        stage = .settling
    }

    @_noLocks
    mutating func advance(clock: UInt64) {
        if case .settling = stage, clock &- start >= settle {
            stage = .draining
        }
    }

    /// The default queue gave `received` frames.
    @_noLocks
    mutating func drain(received: Int, ring: Int) {
        guard case .draining = stage else { return }
        drained += received
        if received == 0 || drained >= ring { stage = .ready }
    }

    /// It found its place, or nobody wants it any more.
    @_noLocks mutating func end() { stage = .none }
}

/// A fence that the guest sent: it is confirmed once everything in front of it is on the wire.
struct TransmitFence {
    enum Stage {
        case none
        /// Waits until the frames in front were posted to the transmit queue, and are done.
        case waiting
        /// The driver cannot tell: waits as long as a full ring takes on the wire.
        case timing(since: UInt64)
        /// Is confirmed; the event waits for room.
        case confirmed
    }

    private(set) var stage = Stage.none
    private(set) var sequence: UInt32 = 0
    /// Frames appended to the uplink's outbox before the fence came.
    private(set) var marker: UInt64 = 0

    init() {}

    var isWaiting: Bool {
        @_noLocks get {
            if case .none = stage { false } else { true }
        }
    }

    @_noLocks
    mutating func begin(sequence: UInt32, marker: UInt64) {
        self.sequence = sequence
        self.marker = marker
        stage = .waiting
    }

    @_noLocks mutating func end() { stage = .none }
    @_noLocks mutating func confirm() { stage = .confirmed }
    @_noLocks mutating func time(since clock: UInt64) { stage = .timing(since: clock) }
}
