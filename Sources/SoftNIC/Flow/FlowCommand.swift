// SPDX-License-Identifier: BSD-3-Clause

/// A change of the engine's table, as two words travel from the control plane: the key, then what to do with it.
struct FlowCommand {
    let key: SteeringKey
    /// Where matching frames go from now on; nil ends the rule.
    let queue: Int?

    @_noLocks init(key: SteeringKey, queue: Int?) {
        self.key = key
        self.queue = queue
    }

    @_noLocks init(words first: UInt64, _ second: UInt64) {
        key = SteeringKey(rawValue: first)
        queue = second == 0 ? nil : Int(truncatingIfNeeded: second &- 1)
    }

    var words: (UInt64, UInt64) {
        guard let queue else { return (key.rawValue, 0) }
        return (key.rawValue, UInt64(queue) + 1)
    }
}
