// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// What a host leaves in the file system: a folder of the EAL's, and, where others map its memory, files in hugetlbfs, which hold hugepages.
///
/// Each host has names of its own, so that a new one never meets what guests of an old one still map.
enum SharedMemoryFiles {
    static var ownPrefix: String { "viaduct-\(getpid())" }

    /// Why this process can't have `megabytes` of shared memory; nil when it can.
    static func complaint(megabytes: Int) -> String? {
        if geteuid() != 0 { return "attached guests need shared hugepages, and those need root" }
        if mounts.isEmpty {
            return "no hugetlbfs is mounted: mkdir -p /dev/hugepages; mount -t hugetlbfs nodev /dev/hugepages"
        }
        let free = freeMegabytes
        if free >= megabytes { return nil }
        return "\(megabytes) MB of hugepages are needed and \(free) are free: raise /proc/sys/vm/nr_hugepages"
    }

    /// Removes what hosts that are dead left behind, and, with `own`, what this one did.
    static func clean(own: Bool) {
        for mount in mounts { clean(folder: mount, own: own) { $0.contains("map_") } }
        clean(folder: "/var/run/dpdk", own: own) { !$0.contains("map_") }
    }

    private static func clean(folder: String, own: Bool, where fits: (String) -> Bool) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where fits(name) {
            guard let match = name.prefixMatch(of: /viaduct-([0-9]+)/), let pid = Int32(match.1) else { continue }
            let isDead = kill(pid, 0) != 0 && errno == ESRCH
            if isDead || own && pid == getpid() { try? FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
        }
    }

    private static var mounts: [String] {
        guard let text = try? String(contentsOfFile: "/proc/mounts", encoding: .utf8) else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return words.count > 2 && words[2] == "hugetlbfs" ? String(words[1]) : nil
        }
    }

    private static var freeMegabytes: Int {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        func value(_ key: Substring) -> Int {
            for line in text.split(separator: "\n") where line.hasPrefix(key) {
                let words = line.split(whereSeparator: { $0 == " " || $0 == ":" })
                if words.count >= 2 { return Int(words[1]) ?? 0 }
            }
            return 0
        }
        return value("HugePages_Free:") * value("Hugepagesize:") / 1024
    }
}
