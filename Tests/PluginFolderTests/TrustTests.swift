// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import TestSupport
import Testing

@testable import PluginFolder

/// Whose files are loaded, and from where.
@Suite struct TrustTests {
    private let shelf: PluginShelf
    private static let nobody: UInt32 = 65534

    init() throws { shelf = try PluginShelf() }

    @Test(arguments: [0o775, 0o757, 0o777, 0o1777])
    func aFolderThatOthersMayWriteIsRefused(mode: Int) throws {
        try shelf.put(.test, as: "x")
        let folder = try shelf.folder
        try shelf.setMode(mode)
        let problem = mode & 0o002 != 0 ? "may be written by everybody" : "may be written by its group"
        let refusal = PluginFolderError.folderNotTrusted(path: shelf.path, problem: problem)
        #expect(throws: refusal) { _ = try PluginFolder(path: shelf.path) }
        // Also when it became so later.
        #expect(throws: refusal) { _ = try folder.load("x") }
        #expect(throws: refusal) { _ = try folder.plugins() }
        try shelf.setMode(0o755)
        #expect(try folder.load("x").kind == .both)
    }

    @Test(arguments: [0o664, 0o646, 0o666])
    func aFileThatOthersMayWriteIsRefused(mode: Int) throws {
        try shelf.put(.test, as: "x")
        try shelf.setMode(mode, of: "libx.so")
        let problem = mode & 0o002 != 0 ? "may be written by everybody" : "may be written by its group"
        #expect(try shelf.refusal(of: "x") == .fileNotTrusted(path: shelf.file("x"), problem: problem))
        try shelf.setMode(0o444, of: "libx.so")
        #expect(try shelf.folder.load("x").kind == .both)
    }

    @Test func aFolderBelowOneThatOthersMayWriteIsRefusedUnlessThatIsSticky() throws {
        let inner = "\(shelf.path)/inner"
        try FileManager.default.createDirectory(
            atPath: inner, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try shelf.setMode(0o777)
        #expect(throws: PluginFolderError.folderNotTrusted(path: shelf.path, problem: "may be written by everybody")) {
            _ = try PluginFolder(path: inner)
        }
        try shelf.setMode(0o1777)
        _ = try PluginFolder(path: inner)
    }

    @Test func filesAndFoldersOfOthersAreRefused() throws {
        try shelf.put(.test, as: "x")
        if geteuid() == 0 {
            unsafe #expect(chown(shelf.file("x"), Self.nobody, 0) == 0)
            let problem = "belongs to user \(Self.nobody)"
            #expect(try shelf.refusal(of: "x") == .fileNotTrusted(path: shelf.file("x"), problem: problem))
            // That user's own process may have them; root's are everybody's.
            #expect(try PluginFolder(path: shelf.path, user: Self.nobody).load("x").kind == .both)
            unsafe #expect(chown(shelf.path, Self.nobody, 0) == 0)
            #expect(throws: PluginFolderError.folderNotTrusted(path: shelf.path, problem: problem)) {
                _ = try PluginFolder(path: shelf.path)
            }
        } else {
            let problem = "belongs to user \(geteuid())"
            #expect(throws: PluginFolderError.folderNotTrusted(path: shelf.path, problem: problem)) {
                _ = try PluginFolder(path: shelf.path, user: geteuid() + 1)
            }
        }
    }

    @Test func aLinkWithinTheFolderIsFollowedAndOneOutOfItIsNot() throws {
        try shelf.put(.test, as: "x-2")
        let other = try PluginShelf()
        try other.put(.test, as: "y")
        let manager = FileManager.default
        try manager.createSymbolicLink(atPath: shelf.file("x"), withDestinationPath: "libx-2.so")
        try manager.createSymbolicLink(atPath: shelf.file("absolute"), withDestinationPath: other.file("y"))
        try manager.createSymbolicLink(
            atPath: shelf.file("relative"),
            withDestinationPath: "../\(URL(fileURLWithPath: other.path).lastPathComponent)/liby.so")
        try manager.createSymbolicLink(atPath: shelf.file("chain"), withDestinationPath: "libabsolute.so")
        try manager.createSymbolicLink(atPath: shelf.file("nowhere"), withDestinationPath: "libnothing.so")
        try manager.createSymbolicLink(atPath: shelf.file("circle"), withDestinationPath: "libcircle.so")
        let plugin = try shelf.folder.load("x")
        #expect(plugin.name == "x" && plugin.path == shelf.file("x-2"))
        for name in ["absolute", "relative", "chain"] {
            #expect(try shelf.refusal(of: name) == .leadsOut(path: shelf.file(name), target: other.file("y")))
        }
        guard case .notFound = try shelf.refusal(of: "nowhere") else {
            Issue.record("a link to nothing is no plugin")
            return
        }
        guard case .fileUnusable(shelf.file("circle"), _) = try shelf.refusal(of: "circle") else {
            Issue.record("a circle of links is no plugin")
            return
        }
        // A link to a file of a folder below is out of it, too.
        try manager.createDirectory(atPath: "\(shelf.path)/below", withIntermediateDirectories: false)
        try manager.copyItem(atPath: shelf.file("x-2"), toPath: "\(shelf.path)/below/libz.so")
        try manager.createSymbolicLink(atPath: shelf.file("z"), withDestinationPath: "below/libz.so")
        #expect(try shelf.refusal(of: "z") == .leadsOut(path: shelf.file("z"), target: "\(shelf.path)/below/libz.so"))
    }

    @Test func aLinkToTheFolderIsFollowedOnce() throws {
        try shelf.put(.test, as: "x")
        let other = try PluginShelf()
        let link = "\(other.path)/plugins"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: shelf.path)
        let folder = try PluginFolder(path: link)
        #expect(folder.path == shelf.path)
        try FileManager.default.removeItem(atPath: link)
        #expect(try folder.load("x").kind == .both)
    }

    @Test func whatIsNoFileIsRefused() throws {
        try FileManager.default.createDirectory(atPath: shelf.file("folder"), withIntermediateDirectories: false)
        unsafe #expect(mkfifo(shelf.file("pipe"), 0o644) == 0)
        for name in ["folder", "pipe"] {
            #expect(
                try shelf.refusal(of: name) == .fileUnusable(path: shelf.file(name), problem: "it is no ordinary file"))
        }
    }

    @Test func whatIsNoFolderIsRefused() throws {
        let file = try shelf.put(.test, as: "x")
        for path in ["", "/nonexistent/plugins", file, "\(file)/below", "a\0b"] {
            let refusal = #expect(throws: PluginFolderError.self) { _ = try PluginFolder(path: path) }
            guard case .folderUnusable(path, let problem)? = refusal else {
                Issue.record("\(path): \(String(describing: refusal))")
                continue
            }
            #expect(!problem.isEmpty)
        }
    }

    @Test func eachRefusalIsOneLineThatSaysWhatToDo() {
        let all: [PluginFolderError] = [
            .invalidName("a\nb"), .folderUnusable(path: "/x\ty", problem: "p"), .folderNotTrusted(path: "/x", problem: "p"),
            .notFound(name: "x", folder: "/x\u{2028}", known: ["y"]), .fileUnusable(path: "/x", problem: "p\r\nq"),
            .fileNotTrusted(path: "/x", problem: "p"), .leadsOut(path: "/x", target: "/y\u{1B}[31m"),
            .changed(name: "x", path: "/x"), .notLoadable(path: "/x", problem: "p"), .noEntryPoint(path: "/x"),
            .refused(name: "x", half: .backend, reason: "r\0"), .tooNew(name: "x", half: .backend, plugin: 2, host: 1),
            .tooOld(name: "x", half: .frontend, plugin: 1, oldest: 2),
            .tableUnusable(name: "x", half: .frontend, problem: "p"),
        ]
        for error in all {
            let text = error.description
            #expect(text.contains(": "), "\(text)")
            let breaks = text.unicodeScalars.filter {
                $0.properties.generalCategory == .control || $0.properties.isWhitespace && $0 != " "
            }
            #expect(breaks.isEmpty, "\(text)")
        }
    }
}
