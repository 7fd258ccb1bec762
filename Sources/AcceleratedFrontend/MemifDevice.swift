// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import DPDK
import Memif

/// What a grant of a memif says, in the arguments of DPDK's net_memif (DPDK guide "Memif Poll Mode Driver"), so that a guest with
/// that driver could plug it, too.
struct MemifDevice: Equatable {
    let configuration: MemifConfiguration
    let log2RingSize: UInt8
    let bufferLength: Int
    let nonce: UInt64

    /// - Throws: for another device, and for arguments that say nothing of the kind.
    init(devargs: String) throws(DPDKError) {
        func refuse(_ words: String) -> DPDKError { DPDKError("open the VI", code: 95, detail: words) }
        let parts = devargs.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, name.hasPrefix("net_memif") else {
            throw refuse("this guest plugs memifs alone, not \(parts.first ?? "nothing")")
        }
        var values: [String: String] = [:]
        for part in parts.dropFirst() {
            guard let sign = part.firstIndex(of: "=") else { throw refuse("\(part) is no argument of a memif") }
            values[String(part[..<sign])] = String(part[part.index(after: sign)...])
        }
        guard values["role"] == "client", values["socket-abstract"] == "no", let path = values["socket"], path.hasPrefix("/")
        else {
            throw refuse("a memif whose client, at a socket's path, the guest is not")
        }
        guard let secret = values["secret"], let nonce = LinkSecret(secret)?.nonce, nonce != 0 else {
            throw refuse("a memif without a secret of 16 hexadecimal digits")
        }
        guard let id = UInt32(values["id"] ?? "0"), let log2RingSize = UInt8(values["rsize"] ?? "10"),
            (1...14).contains(log2RingSize), let bufferLength = Int(values["bsize"] ?? "2048"),
            (64...65536).contains(bufferLength)
        else { throw refuse("a memif with impossible sizes") }
        configuration = MemifConfiguration(path: path, id: id, secret: secret, name: "viaduct")
        self.log2RingSize = log2RingSize
        self.bufferLength = bufferLength
        self.nonce = nonce
    }
}
