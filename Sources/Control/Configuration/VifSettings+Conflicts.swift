// SPDX-License-Identifier: BSD-3-Clause

extension VifSettings {
    /// What two vifs can't have both: the key, and what is wrong with it.
    func conflicts(with other: VifSettings) -> [(key: VifKey, words: String)] {
        var found: [(key: VifKey, words: String)] = []
        if name == other.name { found.append((.name, "another vif is named \(name): choose another name")) }
        if mac == other.mac && vlan == other.vlan {
            found.append((.mac, "vif \(other.name) has the address \(mac) in the same VLAN: give each its own"))
        }
        if let path = socketPaths.first(where: other.socketPaths.contains) {
            found.append((.socket, "\(path) is that of vif \(other.name): choose another path"))
        }
        return found
    }

    private var socketPaths: [String] { kind == .remote ? [socketPath, linkPath, memifPath] : [socketPath] }
}

/// Vifs with what they share: problems that none of them has alone.
struct VifsTogether {
    let vifs: [VifSettings.Read]
    let control: ControlSocketSettings?
    let maximumVifs: Int
    let memory: MemorySettings
    let capture: Bool

    func check(_ top: SectionReader<FileKey>) {
        let attached = vifs.filter { $0.settings.kind == .attached }.count
        if vifs.count > maximumVifs {
            top.complain(.vifs, "\(vifs.count) vifs are more than switch.maximum-vifs (\(maximumVifs)): raise that")
        }
        if attached > DaemonConfiguration.maximumAttachedVifs {
            let limit = DaemonConfiguration.maximumAttachedVifs
            top.complain(.vifs, "\(attached) attached vifs are too many: at most \(limit) have lcores")
        }
        if let pages = memory.pages, pages != .shared, attached > 0 {
            top.complain(.memory, "attached guests map the daemon's memory: pages must be shared, not \(pages.rawValue)")
        }
        if let pages = memory.pages, pages != .shared, capture {
            top.complain(.capture, "a capture tool maps the daemon's memory: pages must be shared, not \(pages.rawValue)")
        }
        if capture && attached > 0 {
            top.complain(
                .capture, "a capture tool that is killed can hold a lock that attached guests need: leave out one of the two")
        }
        for (index, vif) in vifs.enumerated() {
            for other in vifs[..<index] {
                // What stands in for something that could not be read is in nobody's way.
                for conflict in vif.settings.conflicts(with: other.settings)
                where vif.known.contains(conflict.key) && other.known.contains(conflict.key) {
                    vif.reader.complain(conflict.key, conflict.words)
                }
            }
            for problem in vif.settings.problems(control: control) {
                vif.reader.complain(problem.key, problem.words)
            }
        }
    }
}

extension VifSettings {
    /// What is wrong with a vif beside the rest of a configuration.
    func problems(control: ControlSocketSettings?) -> [(key: VifKey, words: String)] {
        var found: [(key: VifKey, words: String)] = []
        if let path = control?.path, socketPaths.contains(path) {
            found.append((.socket, "\(path) is the control socket: choose another path"))
        }
        return found
    }
}

extension DaemonConfiguration {
    /// Whether a vif may come to those that are there.
    ///
    /// - Throws: everything that is wrong with that.
    public func check(_ vif: VifSettings) throws(ConfigurationError) {
        let found = vifs.flatMap { vif.conflicts(with: $0) } + vif.problems(control: control)
        if found.isEmpty { return }
        throw ConfigurationError(file: nil, found.map { ConfigurationProblem(path: $0.key.rawValue, $0.words) })
    }
}
