// SPDX-License-Identifier: BSD-3-Clause

/// Constants of the memif protocol, version 2.0, as DPDK's net_memif and libmemif speak it (DPDK guide "Memif Poll Mode Driver").
enum MemifProtocol {
    static let version: UInt16 = 0x0200
    /// Bytes of every message on the socket.
    static let messageLength = 128
    static let nameLength = 32
    static let secretLength = 24
    static let reasonLength = 96
    /// Of an Ethernet interface.
    static let ethernetMode: UInt8 = 0
    /// In a message that adds a ring: its frames go from the client to the server.
    static let clientToServer: UInt16 = 1

    /// A ring begins with it.
    static let cookie: UInt32 = 0x3E3_1F20
    /// In a ring's flags: nobody waits for an interrupt.
    static let masksInterrupts: UInt16 = 1
    /// In a descriptor's flags: the frame goes on in the next one.
    static var next: UInt16 { @_noLocks get { 1 } }

    /// Where things lie in a ring, whose three parts are on cache lines of their own.
    static let flagsOffset = 4
    static var headOffset: Int { @_noLocks get { 6 } }
    static var tailOffset: Int { @_noLocks get { 64 } }
    static var descriptorsOffset: Int { @_noLocks get { 128 } }
    static var descriptorLength: Int { @_noLocks get { 16 } }

    static func ringLength(log2Size: UInt8) -> Int { descriptorsOffset + descriptorLength << Int(log2Size) }
}
