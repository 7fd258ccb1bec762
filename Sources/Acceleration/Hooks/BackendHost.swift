// SPDX-License-Identifier: BSD-3-Clause
public import CViaductAccel

/// What netback offers to a backend plugin: the C table in Swift's terms. Valid until `detach` returned; callable from any
/// control-plane thread; nothing blocks, and nothing calls a hook.
@safe
public struct BackendHost: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the table's functions may be called from any thread, as its contract says.
    private let table: UnsafePointer<viaduct_backend_host>

    @unsafe public init(_ table: UnsafePointer<viaduct_backend_host>) { unsafe self.table = table }

    /// What became of a call.
    public enum Answer: Sendable, Equatable {
        case done
        /// No room now: call again later.
        case busy
        /// Never: the errno, positive.
        case failed(Int32)

        init(_ result: Int32) {
            switch result {
            case 0: self = .done
            case -11: self = .busy
            default: self = .failed(result.magnitude > UInt32(Int32.max) ? .max : Int32(result.magnitude))
            }
        }
    }

    /// `.sent`, `.full`, or `.refused` when the link is closed or the vif has none.
    public func send(_ message: ControlMessage, vif: UInt32) -> ControlSendResult {
        guard message.isEncodable, message.sender == .backend else { return .invalid }
        let bytes = ControlCodec.encode(message)
        let answer = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe Answer(table.pointee.send(table.pointee.host, vif, buffer.baseAddress!, buffer.count))
        }
        switch answer {
        case .done: return .sent
        case .busy: return .full
        case .failed: return .refused
        }
    }

    public func hold(vif: UInt32) -> Answer { unsafe Answer(table.pointee.hold(table.pointee.host, vif)) }
    public func release(vif: UInt32) -> Answer { unsafe Answer(table.pointee.release(table.pointee.host, vif)) }

    public func fence(sequence: UInt32, settleNanoseconds: UInt64, vif: UInt32) -> Answer {
        unsafe Answer(table.pointee.fence(table.pointee.host, vif, sequence, settleNanoseconds))
    }

    public func setFenceNonce(_ nonce: UInt64, vif: UInt32) -> Answer {
        unsafe Answer(table.pointee.set_fence_nonce(table.pointee.host, vif, nonce))
    }

    public func report(_ status: AccelerationStatus, vif: UInt32) {
        var c = status.c
        unsafe table.pointee.report(table.pointee.host, vif, &c)
    }

    /// Whether netback can steer in software: an older one's table ends before these functions.
    public var canSteer: Bool {
        unsafe Int(table.pointee.size) >= MemoryLayout<viaduct_backend_host>.offset(of: \.hold_flows) ?? .max
    }

    /// Whether netback can hold single flows.
    public var canHoldFlows: Bool { unsafe Int(table.pointee.size) >= MemoryLayout<viaduct_backend_host>.size }

    /// At most ``ControlProtocol/maximumFlowChanges``.
    public func hold(_ flows: [FlowSelector], vif: UInt32) -> Answer {
        guard canHoldFlows else { return .failed(95) }
        let c = flows.map(\.c)
        return unsafe c.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .failed(22) }
            return unsafe Answer(table.pointee.hold_flows(table.pointee.host, vif, base, UInt32(buffer.count)))
        }
    }

    public func releaseFlows(vif: UInt32) -> Answer {
        guard canHoldFlows else { return .failed(95) }
        return unsafe Answer(table.pointee.release_flows(table.pointee.host, vif))
    }

    public func steer(_ interface: viaduct_soft_vi, vif: UInt32) -> Answer {
        guard canSteer else { return .failed(95) }
        var copy = unsafe interface
        return unsafe Answer(table.pointee.steer(table.pointee.host, vif, &copy))
    }

    public func unsteer(vif: UInt32) -> Answer {
        guard canSteer else { return .failed(95) }
        return unsafe Answer(table.pointee.unsteer(table.pointee.host, vif))
    }
}
