// SPDX-License-Identifier: BSD-3-Clause

/// One exported VI as any tool may see it.
public struct ExportStatus: Sendable, Equatable {
    /// Of the port.
    public let queue: UInt16
    /// The vif that has it now.
    public let vif: UInt32?
    public let statistics: ExportStatistics
}

extension AcceleratedBackend {
    /// VIs that are carried to guests in other processes.
    public var exports: [ExportStatus] {
        withEngine { engine in
            engine.pool.interfaces.indices.compactMap { index in
                let interface = engine.pool.interfaces[index]
                return interface.export.map { export in
                    var vif: UInt32?
                    if case .granted(let holder) = engine.pool.uses[index] { vif = holder }
                    return ExportStatus(queue: interface.id.queue, vif: vif, statistics: export.statistics)
                }
            }
        }
    }
}
