// SPDX-License-Identifier: BSD-3-Clause

/// Passes on what another host's files say, and writes it down.
public final class HostRecorder: HostFiles {
    private let host: any HostFiles
    public let record: RecordedHost

    public init(_ host: any HostFiles, source: String, dpdk: String) {
        self.host = host
        record = RecordedHost(source: source, dpdk: dpdk)
    }

    public func text(_ path: String) -> String? {
        let found = host.text(path)
        record.files[path] = found
        return found
    }

    public func names(in path: String) -> [String]? {
        let found = host.names(in: path)
        record.folders[path] = found
        return found
    }

    public func target(_ path: String) -> String? {
        let found = host.target(path)
        record.links[path] = found
        return found
    }

    public func state(_ path: String) -> FileState? {
        let found = host.state(path)
        record.states[path] = found
        return found
    }
}
