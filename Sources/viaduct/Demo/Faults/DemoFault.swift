// SPDX-License-Identifier: BSD-3-Clause

/// What can go wrong with a NIC in software: everything that `SoftNIC` offers.
enum DemoFault: String, CaseIterable, Sendable {
    /// Rules, or addresses of pools, that are refused, or accepted and ignored. Each takes a guest off its path and back on, so that
    /// there is a rule to be made.
    case tableFull, creationRefused, rulesIgnored
    case linkDown
    /// One of a few frames.
    case transmitErrors, framesCut
    /// One queue pair, the default one or a VI's.
    case stuckReceive, stuckTransmit
    /// The NIC asks for a reset.
    case reset
    /// So it does, and the reset fails until the fault is mended.
    case resetRefused
    /// The driver repairs the NIC by itself.
    case recovery

    static var everything: Set<DemoFault> { Set(allCases) }

    /// The faults of a comma-separated list, `all` among them; nil when one has no such name.
    static func parse(_ list: String) -> Set<DemoFault>? {
        var faults: Set<DemoFault> = []
        for word in list.split(separator: ",", omittingEmptySubsequences: false) {
            if word == "all" {
                faults.formUnion(everything)
            } else if let fault = DemoFault(rawValue: String(word)) {
                faults.insert(fault)
            } else {
                return nil
            }
        }
        return faults
    }

    /// Whether it is about a rule that is made while it lasts.
    var needsRule: Bool {
        switch self {
        case .tableFull, .creationRefused, .rulesIgnored: true
        default: false
        }
    }
}
