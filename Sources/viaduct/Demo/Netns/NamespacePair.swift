// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// Two network namespaces made for this process, one for the remote host and one for the guest; removed with this object.
final class NamespacePair {
    let remote: NetworkNamespace
    let guest: NetworkNamespace
    private let folder: String
    private var made: [NetworkNamespace] = []

    /// - Parameter folder: for the output of the programs that are run.
    init(folder: String) throws(HostError) {
        self.folder = folder
        let process = getpid()
        remote = NetworkNamespace(name: "viaduct-\(process)-remote")
        guest = NetworkNamespace(name: "viaduct-\(process)-guest")
        for namespace in [remote, guest] {
            do throws(HostError) {
                try ChildProcess.run(["ip", "netns", "add", namespace.name], folder: folder)
                made.append(namespace)
                try ChildProcess.run(["ip", "-n", namespace.name, "link", "set", "lo", "up"], folder: folder)
            } catch {
                remove()
                throw HostError("can't make a network namespace: \(error.description)")
            }
        }
    }

    /// Keeps interfaces that are made in `namespace` from now on free of IPv6 and its chatter, where the kernel has it.
    func silenceIPv6(in namespace: NetworkNamespace) throws {
        try namespace.run {
            try? Data("1\n".utf8).write(to: URL(fileURLWithPath: "/proc/sys/net/ipv6/conf/default/disable_ipv6"))
        }
    }

    /// Gives the interface in `namespace` its address and brings it up.
    func configure(_ interface: String, address: String, in namespace: NetworkNamespace) throws(HostError) {
        try ChildProcess.run(["ip", "-n", namespace.name, "address", "add", address, "dev", interface], folder: folder)
        try ChildProcess.run(["ip", "-n", namespace.name, "link", "set", interface, "up"], folder: folder)
    }

    /// Whether a program in `namespace` listens at that TCP port.
    func isListening(port: UInt16, in namespace: NetworkNamespace) -> Bool {
        var isFound = false
        try? namespace.run {
            // A thread in another namespace sees that one's sockets.
            let table = try String(contentsOfFile: "/proc/thread-self/net/tcp", encoding: .utf8)
            let place = ":" + String(format: "%04X", Int(port))
            isFound = table.split(separator: "\n").contains { line in
                let words = line.split(separator: " ")
                return words.count > 3 && words[1].hasSuffix(place) && words[3] == "0A"
            }
        }
        return isFound
    }

    func remove() {
        for namespace in made.reversed() {
            do throws(HostError) {
                try ChildProcess.run(["ip", "netns", "delete", namespace.name], folder: folder)
            } catch {
                Console.complaint("network namespace \(namespace.name) is left: \(error.description)")
            }
        }
        made = []
    }

    deinit { remove() }
}
