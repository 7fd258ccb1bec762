// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import DPDK
import SoftNIC

extension Personality {
    /// Queue pairs that a NIC of this family needs: with pools, whose queues it counts in its own way, all that it can have.
    func queuePairs(virtualInterfaces: Int, allowsPools: Bool) -> Int {
        allowsPools && virtualInterfaces > 0 && QueueLayout.prefersPools(driver: driver, device: deviceID)
            ? Port.maximumRingQueuePairs : 1 + virtualInterfaces
    }
}

/// Who accelerates the guest.
enum PluginKind: Equatable, Sendable {
    case accelerated
    /// Both halves of a plugin that only logs its calls.
    case dummy
    case none
    /// What a file of the plugins' folder implements, by its name.
    case file(String)

    /// The words for those that need no file.
    static let builtIn = ["accelerated", "dummy", "none"]

    /// Any other word than those is the name of a file; it may be an invalid one.
    init(_ word: String) {
        switch word {
        case "accelerated": self = .accelerated
        case "dummy": self = .dummy
        case "none": self = .none
        default: self = .file(word)
        }
    }

    var word: String {
        switch self {
        case .accelerated: "accelerated"
        case .dummy: "dummy"
        case .none: "none"
        case .file(let name): name
        }
    }
}

/// One line that says what is wrong and what to do.
struct HostError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
