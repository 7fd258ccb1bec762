// SPDX-License-Identifier: BSD-3-Clause
import Control

/// The folders of the sockets that the daemon makes.
struct SocketExamination: Examination {
    func findings(_ patient: Patient) -> [Finding] {
        guard let configuration = patient.daemon?.configuration else { return [] }
        let made = configuration.vifs.filter { $0.socketMode == .server }.map(\.socketPath)
        let folders = Set((made + (configuration.control.map { [$0.path] } ?? [])).map(Self.folder))
        let all = folders.sorted().compactMap { trouble($0, patient.host) }
        guard all.isEmpty, !folders.isEmpty else { return all }
        return [
            Finding(
                .sockets, .fine, "Sockets have folders that nobody else writes to.",
                evidence: folders.sorted().joined(separator: ", "))
        ]
    }

    private func trouble(_ folder: String, _ host: any HostFiles) -> Finding? {
        guard let state = host.state(folder) else {
            let parent = Self.folder(folder)
            // The daemon makes the last folder of a path.
            if host.state(parent)?.isFolder == true { return nil }
            return Finding(
                .sockets, .error, about: folder, "Neither the folder nor the one above is there.",
                evidence: "\(parent): no such folder",
                remedy: "mkdir -p \(folder)")
        }
        guard state.isFolder else {
            return Finding(.sockets, .error, about: folder, "It is no folder.", evidence: "\(folder): a file")
        }
        guard state.mode & 0o002 != 0, state.mode & 0o1000 == 0 else { return nil }
        return Finding(
            .sockets, .warning, about: folder, "Everybody may take a socket away here and put one of their own in its place.",
            evidence: "\(folder): mode \(String(state.mode, radix: 8))", remedy: "chmod o-w \(folder)")
    }

    private static func folder(_ path: String) -> String {
        let end = path.lastIndex(of: "/") ?? path.startIndex
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}
