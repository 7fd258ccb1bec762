// SPDX-License-Identifier: BSD-3-Clause

/// What makes one memif interface: the same at both ends.
public struct MemifConfiguration: Sendable, Equatable {
    /// The UNIX socket that the server listens at.
    public var path: String
    public var id: UInt32
    /// At most 24 bytes; what a client has to know.
    public var secret: String
    /// What this end calls itself.
    public var name: String

    public init(path: String, id: UInt32, secret: String, name: String) {
        self.path = path
        self.id = id
        self.secret = secret
        self.name = name
    }

    var secretBytes: [UInt8] {
        let bytes = Array(secret.utf8.prefix(MemifProtocol.secretLength))
        return bytes + repeatElement(0, count: MemifProtocol.secretLength - bytes.count)
    }

    /// Limits of what a client may bring.
    static let maximumLog2RingSize: UInt8 = 14
    static let maximumRegions = 16
    static let maximumMemory = 256 << 20
}
