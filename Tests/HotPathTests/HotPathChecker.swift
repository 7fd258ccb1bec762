// SPDX-License-Identifier: BSD-3-Clause

/// Follows the calls of a binary from its hot functions, and finds what a polling lcore must not do.
///
/// Direct calls and jumps are followed through every function of the binary, up to the C shim and DPDK. A call through a pointer is
/// a hook's or a poller's; those functions are roots themselves.
struct HotPathChecker {
    struct Violation: Equatable, CustomStringConvertible {
        /// From the root to the culprit.
        let chain: [String]
        let callee: String
        let address: UInt64

        var description: String {
            "\(callee) is called at 0x\(String(address, radix: 16)) in "
                + chain.reversed().joined(separator: "\n    called by ")
        }
    }

    struct Finding {
        var violations: [Violation] = []
        /// Roots that the binary does not have.
        var missing: [String] = []
        /// Functions that were looked at.
        var reached: Set<String> = []
    }

    private let disassembly: Disassembly
    private var flows: [UInt64: ControlFlow] = [:]
    private var underWay: Set<UInt64> = []

    init(_ disassembly: Disassembly) { self.disassembly = disassembly }

    mutating func check(roots: [String]) -> Finding {
        var finding = Finding()
        /// Who called a function first; roots have nobody.
        var callers: [UInt64: UInt64] = [:]
        var seen: Set<UInt64> = []
        var pending: [UInt64] = []
        for root in roots {
            if let address = disassembly.addresses[root], disassembly.name(at: address) != nil {
                if seen.insert(address).inserted { pending.append(address) }
            } else {
                finding.missing.append(root)
            }
        }
        while let address = pending.popLast() {
            finding.reached.insert(disassembly.name(at: address) ?? "?")
            for call in flow(at: address).liveCalls {
                guard let target = call.target else { continue }
                switch callee(target) {
                case .shim, .neverReturns: break
                case .own:
                    if seen.insert(target.address).inserted {
                        callers[target.address] = address
                        pending.append(target.address)
                    }
                case .forbidden, .foreign:
                    finding.violations.append(
                        Violation(
                            chain: chain(to: address, callers), callee: target.symbol, address: call.address))
                }
            }
        }
        return finding
    }

    private func callee(_ target: Instruction.Target) -> Callee {
        Callee(name: target.symbol, isDefined: disassembly.name(at: target.address) != nil)
    }

    private mutating func flow(at address: UInt64) -> ControlFlow {
        if let flow = flows[address] { return flow }
        underWay.insert(address)
        // Whether what is called comes back must be known before its caller can be cut into blocks.
        var silent: Set<UInt64> = []
        let instructions = disassembly.instructions(at: address)
        for target in instructions.compactMap(\.target) where neverReturns(target) { silent.insert(target.address) }
        underWay.remove(address)
        let flow = ControlFlow(instructions) { silent.contains($0.address) }
        flows[address] = flow
        return flow
    }

    /// A function that calls itself in a circle counts as one that returns.
    private mutating func neverReturns(_ target: Instruction.Target) -> Bool {
        switch callee(target) {
        case .neverReturns: true
        case .own: !underWay.contains(target.address) && flow(at: target.address).neverReturns
        case .shim, .forbidden, .foreign: false
        }
    }

    private func chain(to address: UInt64, _ callers: [UInt64: UInt64]) -> [String] {
        var chain: [String] = []
        var current: UInt64? = address
        while let function = current {
            chain.append(disassembly.name(at: function) ?? "?")
            current = callers[function]
        }
        return chain.reversed()
    }
}
