// SPDX-License-Identifier: BSD-3-Clause

/// A NUMA node: its CPUs and its huge pages.
struct Node {
    struct Pages {
        /// Of one page.
        let kilobytes: Int
        let total: Int
        let free: Int

        var freeMegabytes: Int { free * kilobytes / 1024 }
    }

    let number: Int
    let cpus: CPUSet
    /// Where the kernel lists its huge pages, and takes orders for more.
    let folder: String
    /// The smallest first.
    let pages: [Pages]

    var freeMegabytes: Int { pages.reduce(0) { $0 + $1.freeMegabytes } }
    var totalPages: Int { pages.reduce(0) { $0 + $1.total } }

    /// One node, the whole machine, where the kernel knows of none.
    static func all(_ host: any HostFiles, online: CPUSet) -> [Node] {
        let folder = "/sys/devices/system/node"
        let numbers = (host.names(in: folder) ?? []).compactMap { name in
            name.hasPrefix("node") ? Int(name.dropFirst(4)) : nil
        }
        guard !numbers.isEmpty else {
            return [Node(host, 0, online, "/sys/kernel/mm/hugepages")]
        }
        return numbers.sorted().map { number in
            let cpus = host.text("\(folder)/node\(number)/cpulist").flatMap { CPUSet($0.trimmingBlanks) }
            return Node(host, number, cpus ?? CPUSet([]), "\(folder)/node\(number)/hugepages")
        }
    }

    private init(_ host: any HostFiles, _ number: Int, _ cpus: CPUSet, _ folder: String) {
        (self.number, self.cpus, self.folder) = (number, cpus, folder)
        pages = Self.pages(host, folder)
    }

    private static func pages(_ host: any HostFiles, _ folder: String) -> [Pages] {
        let sizes = (host.names(in: folder) ?? []).compactMap { name -> Int? in
            guard name.hasPrefix("hugepages-"), name.hasSuffix("kB") else { return nil }
            return Int(name.dropFirst(10).dropLast(2)).map { max(1, min($0, 1 << 24)) }
        }
        return sizes.sorted().map { size in
            let place = "\(folder)/hugepages-\(size)kB"
            return Pages(
                kilobytes: size, total: count(host, "\(place)/nr_hugepages"), free: count(host, "\(place)/free_hugepages"))
        }
    }
    /// No more than a machine can have: a record may say anything.
    private static func count(_ host: any HostFiles, _ path: String) -> Int { max(0, min(host.number(path) ?? 0, 1 << 32)) }
}
