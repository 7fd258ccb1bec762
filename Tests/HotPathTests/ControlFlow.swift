// SPDX-License-Identifier: BSD-3-Clause

/// A function cut into basic blocks, to tell what runs from what only leads to a trap.
///
/// A block is *cold* when it ends in a trap or in a call that never returns, or when everything that can follow it is cold. A
/// block that returns, jumps to another function or through a table, or belongs to a loop, is not.
struct ControlFlow {
    struct Block {
        var calls: [Instruction] = []
        /// Blocks that may follow, by number.
        var successors: [Int] = []
        /// Ends in a trap.
        var traps = false
        /// Returns, or goes on where the blocks of this function do not tell.
        var leaves = false
        var isCold = false
    }

    private(set) var blocks: [Block] = []

    /// True when the function can only end the process.
    var neverReturns: Bool { blocks.first?.isCold ?? false }

    /// Calls, and jumps to other functions, that are made while the program is in order.
    var liveCalls: [Instruction] { blocks.filter { !$0.isCold }.flatMap(\.calls) }

    /// - Parameter neverReturns: whether a call's target is known not to come back.
    init(_ instructions: [Instruction], neverReturns: (Instruction.Target) -> Bool) {
        guard let first = instructions.first, let last = instructions.last else { return }
        let range = first.address...last.address
        let leaders = Self.leaders(instructions, range)
        var numbers: [UInt64: Int] = [:]
        for instruction in instructions where leaders.contains(instruction.address) {
            numbers[instruction.address] = numbers.count
        }
        var index = instructions.startIndex
        while index < instructions.endIndex {
            var block = Block()
            var isOpen = true
            repeat {
                let instruction = instructions[index]
                index += 1
                guard isOpen else { continue }
                isOpen = block.take(instruction, range, numbers, neverReturns, isLast: index == instructions.endIndex)
            } while index < instructions.endIndex && !leaders.contains(instructions[index].address)
            if isOpen {
                if index < instructions.endIndex { block.successors.append(blocks.count + 1) } else { block.leaves = true }
            }
            blocks.append(block)
        }
        markCold()
    }

    /// Addresses at which a block begins.
    private static func leaders(_ instructions: [Instruction], _ range: ClosedRange<UInt64>) -> Set<UInt64> {
        var leaders: Set<UInt64> = [range.lowerBound]
        for (index, instruction) in instructions.enumerated() {
            switch instruction.kind {
            case .jump, .conditionalJump, .return, .trap:
                if index + 1 < instructions.count { leaders.insert(instructions[index + 1].address) }
                if let target = instruction.target, range.contains(target.address) { leaders.insert(target.address) }
            case .ordinary, .call, .padding: break
            }
        }
        return leaders
    }

    /// The least set that the definition allows: cold spreads backwards from the traps, so a loop never becomes cold.
    private mutating func markCold() {
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for index in blocks.indices.reversed() where !blocks[index].isCold && !blocks[index].leaves {
                let block = blocks[index]
                if block.traps || !block.successors.isEmpty && block.successors.allSatisfy({ blocks[$0].isCold }) {
                    blocks[index].isCold = true
                    hasChanged = true
                }
            }
        }
    }
}

extension ControlFlow.Block {
    /// Takes the next instruction; false when it ends the block.
    fileprivate mutating func take(
        _ instruction: Instruction, _ range: ClosedRange<UInt64>, _ numbers: [UInt64: Int],
        _ neverReturns: (Instruction.Target) -> Bool, isLast: Bool
    ) -> Bool {
        switch instruction.kind {
        case .ordinary, .padding: return true
        case .return:
            leaves = true
            return false
        case .trap:
            traps = true
            return false
        case .call:
            // The compiler lets a function end with a call only when it knows that the call does not return.
            if isLast || instruction.target.map(neverReturns) == true {
                traps = true
                return false
            }
            calls.append(instruction)
            return true
        case .jump, .conditionalJump:
            let isConditional = instruction.kind == .conditionalJump
            if let target = instruction.target, let number = numbers[target.address] {
                successors.append(number)
            } else if let target = instruction.target, neverReturns(target) {
                traps = !isConditional
            } else {
                leaves = true
                calls.append(instruction)
            }
            return isConditional
        }
    }
}
