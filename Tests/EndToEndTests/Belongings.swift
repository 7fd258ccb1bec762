// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What a command could leave behind on the machine, by name.
enum Belongings {
    /// - Parameter mark: stands in the environment of the command, and so of every process that it started.
    static func now(mark: String) throws -> Set<String> {
        var all: Set<String> = []
        for folder in ["/tmp", "/run", "/dev/shm"] { all.formUnion(entries(of: folder).filter(isOurs)) }
        // The folders of DPDK's own runtime files, for root and for others.
        for folder in ["/var/run/dpdk", "/tmp/dpdk"] { all.formUnion(entries(of: folder)) }
        all.formUnion(entries(of: "/dev/hugepages"))
        // Where `ip netns` keeps namespaces.
        all.formUnion(entries(of: "/run/netns"))
        // Interfaces of this namespace.
        all.formUnion(entries(of: "/sys/class/net"))
        all.formUnion(try processes(mark))
        return all
    }

    private static func isOurs(_ path: String) -> Bool {
        let name = path.split(separator: "/").last ?? ""
        return name.hasPrefix("viaduct") || name.hasPrefix("dpdk") || name.hasPrefix("rte")
    }

    private static func entries(of folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.map { "\(folder)/\($0)" }
    }

    private static func processes(_ mark: String) throws -> [String] {
        let ids = try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int($0) != nil }
        return ids.compactMap { id in
            // One that has just ended, or belongs to somebody else, has no environment to read.
            guard let environment = FileManager.default.contents(atPath: "/proc/\(id)/environ"),
                environment.range(of: Data(mark.utf8)) != nil
            else { return nil }
            let name = (try? String(contentsOfFile: "/proc/\(id)/comm", encoding: .utf8)) ?? ""
            return "process \(id) \(name.trimmingCharacters(in: .newlines))"
        }
    }
}
