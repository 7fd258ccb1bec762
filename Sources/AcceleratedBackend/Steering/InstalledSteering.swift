// SPDX-License-Identifier: BSD-3-Clause
import DPDK

/// What is in the port for one vif.
struct InstalledSteering: Sendable, Equatable {
    /// Rules' handles, in the order of their creation.
    var rules: [UInt64] = []
    var address: UInt64?

    var isEmpty: Bool { rules.isEmpty && address == nil }

    /// Tells the port all of `installation`. When a part is refused what was there before it is taken out again.
    ///
    /// - Returns: the refusal, and in `self` what the port did not let go of; nil when all is in.
    mutating func install(_ installation: Installation, _ programmer: any PortProgrammer) -> FlowError? {
        do throws(FlowError) {
            switch installation {
            case .none: break
            case .rules(let wanted): for rule in wanted { rules.append(try programmer.create(rule)) }
            case .address(let mac, let pool):
                try programmer.addAddress(mac, pool: pool)
                address = mac
            }
            return nil
        } catch {
            // What stays is the caller's to try again.
            _ = remove(programmer)
            return error
        }
    }

    /// Takes everything out, the newest first; the port's words when it keeps something.
    mutating func remove(_ programmer: any PortProgrammer) -> FlowError? {
        do throws(FlowError) {
            while let newest = rules.last {
                try programmer.destroy(newest)
                rules.removeLast()
            }
            if let mac = address { try programmer.removeAddress(mac) }
            address = nil
            return nil
        } catch {
            return error
        }
    }

    /// The port was stopped, and its rules went with that.
    mutating func forgetRules() { rules = [] }
}
