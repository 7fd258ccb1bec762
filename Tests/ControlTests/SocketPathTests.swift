// SPDX-License-Identifier: BSD-3-Clause
import Control
import Foundation
import Testing

/// What is where a socket is to be.
@Suite struct SocketPathTests {
    private final class Folder {
        let path = "/tmp/sockets-\(UUID().uuidString.prefix(8))"
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// The listening descriptor.
        func listen(_ name: String, type: __socket_type) throws -> Int32 {
            let descriptor = socket(AF_UNIX, Int32(type.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array("\(path)/\(name)".utf8)) }
            let result = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(result == 0 && Foundation.listen(descriptor, 4) == 0)
            return descriptor
        }
    }

    @Test(arguments: [SOCK_STREAM, SOCK_SEQPACKET])
    func oneThatNobodyServesIsRemovedAndOneThatIsServedStays(type: __socket_type) throws {
        let folder = try Folder()
        let path = "\(folder.path)/s"
        let descriptor = try folder.listen("s", type: type)
        let failure = #expect(throws: ControlFailure.self) { try SocketPath.prepare(path) }
        #expect(failure?.description.contains("\(path) is served by another process") == true)
        #expect(FileManager.default.fileExists(atPath: path))
        close(descriptor)
        try SocketPath.prepare(path)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func nothingButASocketIsRemoved() throws {
        let folder = try Folder()
        let path = "\(folder.path)/f"
        try Data("kept".utf8).write(to: URL(fileURLWithPath: path))
        #expect(throws: ControlFailure.self) { try SocketPath.prepare(path) }
        #expect(FileManager.default.contents(atPath: path) == Data("kept".utf8))
    }

    @Test func theFolderIsMadeAndOneLevelOnly() throws {
        let folder = try Folder()
        try SocketPath.prepare("\(folder.path)/new/s")
        #expect(FileManager.default.fileExists(atPath: "\(folder.path)/new"))
        #expect(throws: ControlFailure.self) { try SocketPath.prepare("\(folder.path)/a/b/s") }
    }
}
