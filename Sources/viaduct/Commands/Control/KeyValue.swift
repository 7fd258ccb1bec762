// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control

/// One key of a vif on a command line: `mac=…`, `ingress.rate=1Gbit`, `addresses=[a,b]`; `vlan=` takes the key out.
struct KeyValue: Equatable, Sendable, ExpressibleByArgument {
    let path: [String]
    let value: ConfigurationTree

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "=") else { return nil }
        path = argument[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.count <= 2, path.allSatisfy({ !$0.isEmpty }) else { return nil }
        let text = argument[argument.index(after: equals)...]
        if text.isEmpty {
            value = ConfigurationTree(.nothing)
        } else if text.hasPrefix("["), text.hasSuffix("]") {
            let items = text.dropFirst().dropLast().split(separator: ",")
            value = ConfigurationTree(.list(items.map { .text(String($0).trimmed) }))
        } else {
            value = .text(String(text))
        }
    }

    /// Of two with one key the last one counts.
    static func tree(_ keys: [KeyValue]) -> ConfigurationTree {
        var result = ConfigurationTree(.section([]))
        for key in keys {
            let value = key.path.reversed().reduce(key.value) { inner, name in
                ConfigurationTree(.section([ConfigurationTree.Entry(name, inner)]))
            }
            result = result.keeping(value)
        }
        return result
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
