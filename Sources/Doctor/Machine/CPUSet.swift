// SPDX-License-Identifier: BSD-3-Clause

/// CPUs by number, in the kernel's notation: `0-3,8`.
struct CPUSet: Equatable, CustomStringConvertible {
    private(set) var members: Set<Int>

    init(_ members: some Sequence<Int>) { self.members = Set(members) }

    /// nil for what is no such list; an empty one is no CPUs. A stride (`0-31:2/4`) the kernel takes, but never prints.
    init?(_ text: String) {
        members = []
        for part in text.split(separator: ",") {
            let ends = part.trimmingBlanks.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends.first, let first, let last = ends.last, let last, ends.count <= 2,
                0 <= first, first <= last, last < Doctor.maximumProcessors
            else { return nil }
            members.formUnion(first...last)
        }
    }

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }
    func contains(_ cpu: Int) -> Bool { members.contains(cpu) }
    func subtracting(_ other: CPUSet) -> CPUSet { CPUSet(members.subtracting(other.members)) }
    func intersection(_ other: CPUSet) -> CPUSet { CPUSet(members.intersection(other.members)) }
    func union(_ other: CPUSet) -> CPUSet { CPUSet(members.union(other.members)) }
    var sorted: [Int] { members.sorted() }

    var description: String {
        if isEmpty { return "none" }
        var ranges: [(Int, Int)] = []
        for cpu in sorted {
            if let last = ranges.last, last.1 + 1 == cpu { ranges[ranges.count - 1].1 = cpu } else { ranges.append((cpu, cpu)) }
        }
        return ranges.map { $0 == $1 ? "\($0)" : "\($0)-\($1)" }.joined(separator: ",")
    }
}
