// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import Foundation
import PluginFolder
import Synchronization
import TestSupport
import Testing

/// What a file must export, and which versions are taken.
@Suite struct LoadTests {
    private let shelf: PluginShelf
    private let host = UInt32(VIADUCT_ACCEL_API_VERSION)

    init() throws { shelf = try PluginShelf() }

    @Test func aFileWithBothHalvesGivesBothTables() throws {
        let file = try shelf.put(.test, as: "x")
        let plugin = try shelf.folder.load("x")
        #expect(plugin.name == "x" && plugin.path == file && plugin.kind == .both)
        #expect(plugin.version(of: .backend) == host && plugin.version(of: .frontend) == host)
        let hooks = unsafe try #require(unsafe plugin.backendHooks)
        unsafe #expect(String(cString: hooks.pointee.name) == "test")
        // Loaded again, it is the same.
        let again = try shelf.folder.load("x")
        unsafe #expect(again.backendHooks == plugin.backendHooks && again.frontendHooks == plugin.frontendHooks)
    }

    @Test func theHalfThatAFileLacksStaysEmpty() throws {
        try shelf.put(.backendOnly, as: "x")
        let plugin = try shelf.folder.load("x")
        unsafe #expect(plugin.kind == .backend && plugin.backendHooks != nil && plugin.frontendHooks == nil)
        #expect(plugin.version(of: .backend) == host && plugin.version(of: .frontend) == nil)
    }

    @Test func aPluginInSwiftIsAFileLikeAnyOther() throws {
        try shelf.put(.dummy, as: "x")
        let plugin = try shelf.folder.load("x")
        #expect(plugin.kind == .both)
        let hooks = unsafe try #require(unsafe plugin.frontendHooks)
        unsafe #expect(String(cString: hooks.pointee.name) == "dummy")
    }

    @Test func aNewerPluginMayAnswerWithTheHostsVersion() throws {
        try shelf.put(.test, as: "x-adapting")
        #expect(try shelf.folder.load("x-adapting").version(of: .backend) == host)
    }

    @Test func otherVersionsAreToldApart() throws {
        for name in ["x-newer", "x-older", "x-short"] { try shelf.put(.test, as: name) }
        #expect(
            try shelf.refusal(of: "x-newer") == .tooNew(name: "x-newer", half: .backend, plugin: host + 1, host: host))
        let oldest = UInt32(VIADUCT_ACCEL_API_OLDEST)
        #expect(
            try shelf.refusal(of: "x-older") == .tooOld(name: "x-older", half: .backend, plugin: oldest - 1, oldest: oldest))
        let size = unsafe MemoryLayout<viaduct_backend_hooks>.size
        #expect(
            try shelf.refusal(of: "x-short")
                == .tableUnusable(
                    name: "x-short", half: .backend, problem: "it has \(size - 8) bytes, this version has \(size)"))
    }

    @Test func aPluginThatGivesNoTableIsQuoted() throws {
        for name in ["x-refusing", "x-silent"] { try shelf.put(.test, as: name) }
        let refusal = try #require(try shelf.refusal(of: "x-refusing"))
        #expect(
            refusal == .refused(name: "x-refusing", half: .backend, reason: "no such device\nin this machine"))
        #expect(refusal.description.contains("no such device in this machine"))
        #expect(
            try shelf.refusal(of: "x-silent") == .refused(name: "x-silent", half: .backend, reason: "no reason given"))
    }

    @Test func aLibraryThatIsNoPluginIsRefused() throws {
        // One whose second copy allocates nothing as it is loaded: that would be a leak once its file is gone.
        let path = try #require(MappedFiles.library("libm.so"), "a library that is no plugin")
        try FileManager.default.copyItem(atPath: path, toPath: shelf.file("x"))
        try shelf.setMode(0o644, of: "libx.so")
        #expect(try shelf.refusal(of: "x") == .noEntryPoint(path: shelf.file("x")))
    }

    @Test func whatIsNoSharedObjectIsRefusedAndMayBeCorrected() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: try shelf.put(.test, as: "whole")))
        let hostilities: [(name: String, bytes: Data)] = [
            ("empty", Data()), ("text", Data("#!/bin/sh\nexit 0\n".utf8)), ("header", whole.prefix(64)),
            ("page", whole.prefix(4096)), ("code", whole.prefix(8192)), ("tail", whole.dropFirst(64)),
        ]
        for (name, bytes) in hostilities {
            try bytes.write(to: URL(fileURLWithPath: shelf.file(name)))
            try shelf.setMode(0o644, of: "lib\(name).so")
            let refusal = try #require(try shelf.refusal(of: name))
            guard case .notLoadable(shelf.file(name), let problem) = refusal else {
                Issue.record("\(name): \(refusal)")
                continue
            }
            #expect(!problem.isEmpty)
            // It was never loaded: the same name may come again.
            try FileManager.default.removeItem(atPath: shelf.file(name))
            try shelf.put(.test, as: name)
            #expect(try shelf.folder.load(name).kind == .both)
        }
    }

    @Test func whatIsMissingIsNamedWithWhatIsThere() throws {
        try shelf.put(.test, as: "b")
        try shelf.put(.backendOnly, as: "a")
        #expect(try shelf.refusal(of: "c") == .notFound(name: "c", folder: shelf.path, known: ["a", "b"]))
        #expect(try shelf.refusal(of: "../b") == .invalidName("../b"))
        #expect(try shelf.refusal(of: shelf.file("b")) == .invalidName(shelf.file("b")))
    }

    @Test func theFolderIsListedWithKindsAndVersions() throws {
        try shelf.put(.test, as: "both")
        try shelf.put(.backendOnly, as: "one")
        try shelf.put(.test, as: "x-older")
        try Data().write(to: URL(fileURLWithPath: "\(shelf.path)/README"))
        let listed = try shelf.folder.plugins()
        #expect(listed.map(\.name) == ["both", "one", "x-older"])
        #expect(try listed[0].plugin.get().kind == .both)
        #expect(try listed[1].plugin.get().kind == .backend)
        #expect(try listed[1].plugin.get().version(of: .backend) == host)
        #expect(throws: PluginFolderError.self) { _ = try listed[2].plugin.get() }
        #expect(try shelf.folder.names() == ["both", "one", "x-older"])
    }

    @Test func manyThreadsMayLoadAtOnce() throws {
        for number in 0..<4 { try shelf.put(.test, as: "x\(number)") }
        let folder = try shelf.folder
        let tables = Mutex<[String: Set<UInt>]>([:])
        DispatchQueue.concurrentPerform(iterations: 64) { turn in
            let name = "x\(turn % 4)"
            guard let plugin = try? folder.load(name) else { return }
            let address = unsafe UInt(bitPattern: plugin.backendHooks)
            tables.withLock { _ = $0[name, default: []].insert(address) }
        }
        let found = tables.withLock { $0 }
        #expect(found.count == 4 && found.values.allSatisfy { $0.count == 1 })
        #expect(Set(found.values).count == 4, "each file has a table of its own")
    }
}
