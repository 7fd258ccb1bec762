// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Yams

extension ConfigurationTree {
    /// Bytes of the longest file, and nodes of the largest one, what aliases repeat included.
    static let maximumBytes = 1 << 20
    static let maximumNodes = 100_000

    /// Reads YAML.
    ///
    /// - Throws: what the syntax is wrong with; nothing behind that can be found.
    public init(yaml: String, file: String?) throws(ConfigurationError) {
        do {
            guard let node = try Yams.compose(yaml: yaml) else {
                self.init(.section([]))
                return
            }
            var budget = Self.maximumNodes
            guard let tree = Self.tree(node, &budget) else {
                throw ConfigurationError(
                    file: file, [ConfigurationProblem("has more than \(Self.maximumNodes) values: make it smaller")])
            }
            self = tree
        } catch let error as YamlError {
            throw ConfigurationError(file: file, [Self.problem(error)])
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(file: file, [ConfigurationProblem("\(error)")])
        }
    }

    private static func tree(_ node: Node, _ budget: inout Int) -> ConfigurationTree? {
        budget -= 1
        guard budget >= 0 else { return nil }
        let line = node.mark?.line
        switch node {
        case .scalar(let scalar):
            let isNothing = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
            return ConfigurationTree(isNothing ? .nothing : .text(scalar.string), line: line)
        case .sequence(let sequence):
            var items: [ConfigurationTree] = []
            for item in sequence {
                guard let item = tree(item, &budget) else { return nil }
                items.append(item)
            }
            return ConfigurationTree(.list(items), line: line)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                guard let value = tree(value, &budget) else { return nil }
                entries.append(Entry(key.scalar?.string ?? "?", line: key.mark?.line, value))
            }
            return ConfigurationTree(.section(entries), line: line)
        // The composer puts in what an alias stands for.
        case .alias: return ConfigurationTree(.nothing, line: line)
        }
    }

    private static func problem(_ error: YamlError) -> ConfigurationProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return ConfigurationProblem(line: mark.line, "this is no YAML (\(problem)): correct it")
        case .duplicatedKeysInMapping(let keys, let context):
            return ConfigurationProblem(
                line: context.mark.line, "\(keys.sorted().joined(separator: ", ")): given twice: keep one of them")
        case .reader(let problem, _, _, _): return ConfigurationProblem("this is no text in UTF-8 (\(problem)): correct it")
        default:
            return ConfigurationProblem("this can't be read: \(error)".split(whereSeparator: \.isNewline).joined(separator: " "))
        }
    }
}
