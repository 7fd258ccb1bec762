// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Foundation
import Wire

/// A TAP device of the kernel's, made and owned through DPDK's net_tap PMD; gone when this is.
final class TapDevice: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): `port` changes in close() only, by the owner's thread.
    let queuePair: QueuePair
    private var port: DPDK.Port?

    private static let virtualDevice = "net_tap_guest"
    private static let descriptors = 256

    /// - Parameters:
    ///   - namespace: where the kernel's side is to be; nil for the calling thread's.
    ///   - pool: what the kernel sends arrives in its mbufs.
    init(interface: String, mac: MACAddress, namespace: NetworkNamespace? = nil, pool: MempoolHandle) throws {
        func start() throws -> DPDK.Port {
            try Self.check(interface: interface)
            do throws(DPDKError) {
                let id = try DPDK.Port.attach(Self.virtualDevice, arguments: "iface=\(interface),mac=\(mac)")
                return try DPDK.Port(
                    starting: id,
                    queues: DPDK.Port.Queues(
                        receiveDescriptors: Self.descriptors, transmitDescriptors: Self.descriptors),
                    virtualDevice: Self.virtualDevice, pool: { _ in pool })
            } catch {
                throw Self.explain(error, interface)
            }
        }
        // The kernel makes the device where the thread is that opens it.
        let started: DPDK.Port
        if let namespace {
            var made: DPDK.Port?
            try namespace.run { made = try start() }
            guard let made = consume made else { preconditionFailure("start() throws or gives a port") }
            started = made
        } else {
            started = try start()
        }
        queuePair = started.queuePair(0, transmitDescriptors: Self.descriptors)
        port = consume started
    }

    /// Closes the device. Nobody may use the queue pair any more.
    func close() { port = nil }

    // MARK: Refusals

    private static let networkAdministration: UInt64 = 12

    /// Says in a line why a TAP device of that name can't be made by this process, where the calling thread is.
    static func check(interface: String) throws(HostError) {
        guard isName(interface) else {
            throw HostError("\"\(interface)\" is no name for a TAP device: 1 to 15 characters without space, slash or comma")
        }
        guard unsafe access("/dev/net/tun", F_OK) == 0 else { throw HostError("no /dev/net/tun: load the module (modprobe tun)") }
        guard hasCapability(networkAdministration) else {
            throw HostError("no permission to make TAP device \(interface): run as root (CAP_NET_ADMIN)")
        }
        guard unsafe if_nametoindex(interface) == 0 else {
            throw HostError("interface \(interface) exists already: choose another name, or ip link delete \(interface)")
        }
    }

    /// As the kernel judges names (dev_valid_name), without what ends an argument of DPDK's.
    static func isName(_ name: String) -> Bool {
        (1...15).contains(name.utf8.count) && name != "." && name != ".."
            && !name.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || [0x25, 0x2C, 0x2F, 0x3A, 0x3D].contains($0) }
    }

    /// The interface name in a net_tap device's arguments, if that is what `device` is.
    static func interface(ofDevice device: String, arguments: String) -> String? {
        guard device.hasPrefix("net_tap") else { return nil }
        let pairs = arguments.split(separator: ",").map { $0.split(separator: "=", maxSplits: 1) }
        return pairs.first { $0.count == 2 && $0[0] == "iface" }.map { String($0[1]) }
    }

    private static func hasCapability(_ number: UInt64) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8) else { return true }
        for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
            let text = line.dropFirst(7).trimmingCharacters(in: .whitespaces)
            return (UInt64(text, radix: 16) ?? .max) >> number & 1 == 1
        }
        return true
    }

    private static func explain(_ error: DPDKError, _ interface: String) -> HostError {
        if let detail = error.detail, detail.contains("no driver") {
            return HostError("DPDK has no net_tap driver here: install librte-net-tap")
        }
        return HostError("can't make TAP device \(interface): \(error)")
    }
}
