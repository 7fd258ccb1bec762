// SPDX-License-Identifier: BSD-3-Clause

/// Who has a VI, as any tool may see it.
public struct VirtualInterfaceStatus: Sendable, Equatable {
    /// The port's queue pair that it is.
    public let queue: UInt16
    /// The vif that it is granted to now.
    public let vif: UInt32?
}

extension AcceleratedBackend {
    /// The VIs that are queue pairs of the port, in the order of the pool.
    public var interfaces: [VirtualInterfaceStatus] {
        withEngine { engine in
            engine.pool.interfaces.indices.compactMap { index in
                let interface = engine.pool.interfaces[index]
                guard !interface.isSoftware else { return nil }
                var vif: UInt32?
                if case .granted(let holder) = engine.pool.uses[index] { vif = holder }
                return VirtualInterfaceStatus(queue: interface.id.queue, vif: vif)
            }
        }
    }
}
