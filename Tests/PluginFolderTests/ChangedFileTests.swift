// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import Foundation
import PluginFolder
import TestSupport
import Testing

/// A file that was loaded stays what it was, or is refused: the dynamic loader would not notice.
@Suite struct ChangedFileTests {
    private let shelf: PluginShelf

    init() throws { shelf = try PluginShelf() }

    @Test func aNewBuildUnderTheSameNameIsRefusedAndUnderANewOneLoaded() throws {
        try shelf.put(.backendOnly, as: "x")
        let old = try shelf.folder.load("x")
        try FileManager.default.removeItem(atPath: shelf.file("x"))
        try shelf.put(.test, as: "x")
        #expect(try shelf.refusal(of: "x") == .changed(name: "x", path: shelf.file("x")))
        try shelf.put(.test, as: "x-2")
        let new = try shelf.folder.load("x-2")
        unsafe #expect(new.backendHooks != old.backendHooks)
        #expect(new.kind == .both)
        // What was loaded goes on.
        let hooks = unsafe try #require(unsafe old.backendHooks)
        unsafe #expect(String(cString: hooks.pointee.name) == "least")
    }

    @Test func aFileThatWasTouchedIsRefused() throws {
        try shelf.put(.test, as: "x")
        _ = try shelf.folder.load("x")
        // Even with the old time put back afterwards.
        let attributes = try FileManager.default.attributesOfItem(atPath: shelf.file("x"))
        let time = try #require(attributes[.modificationDate] as? Date)
        try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: shelf.file("x"))
        #expect(try shelf.refusal(of: "x") == .changed(name: "x", path: shelf.file("x")))
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: shelf.file("x"))
        #expect(try shelf.refusal(of: "x") == .changed(name: "x", path: shelf.file("x")))
    }

    @Test func aFileThatWasWrittenInPlaceIsRefusedUnderASecondNameToo() throws {
        // A copy of its own text keeps what is mapped as it is.
        let file = try shelf.put(.test, as: "x")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        _ = try shelf.folder.load("x")
        try FileManager.default.linkItem(atPath: file, toPath: shelf.file("y"))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
        try handle.write(contentsOf: bytes.prefix(4))
        try handle.close()
        #expect(try shelf.refusal(of: "y") == .changed(name: "y", path: shelf.file("y")))
    }

    @Test func aSecondNameForTheSameFileIsTheSamePlugin() throws {
        try shelf.put(.test, as: "x")
        let first = try shelf.folder.load("x")
        try FileManager.default.linkItem(atPath: shelf.file("x"), toPath: shelf.file("y"))
        let second = try shelf.folder.load("y")
        unsafe #expect(second.backendHooks == first.backendHooks)
    }

    @Test func aLinkMayTurnToANewBuild() throws {
        try shelf.put(.backendOnly, as: "x-1")
        try shelf.put(.test, as: "x-2")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: shelf.file("x"), withDestinationPath: "libx-1.so")
        #expect(try shelf.folder.load("x").kind == .backend)
        try manager.removeItem(atPath: shelf.file("x"))
        try manager.createSymbolicLink(atPath: shelf.file("x"), withDestinationPath: "libx-2.so")
        #expect(try shelf.folder.load("x").kind == .both)
    }
}
