// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// Plugins that are files, loaded by the built binary.
    struct PluginFolderTests {
        /// A folder in the workplace, with one plugin.
        private func shelf(_ plugin: BuiltPlugin, as name: String, in place: Workplace) throws -> String {
            let folder = place.folder.appendingPathComponent("plugins")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            let file = folder.appendingPathComponent("lib\(name).so")
            try FileManager.default.copyItem(atPath: try #require(plugin.path), toPath: file.path)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
            return folder.path
        }

        @Test(arguments: [BuiltPlugin.test, .backendOnly], Account.available)
        func theDemoRunsOnAPluginInC(plugin: BuiltPlugin, account: Account) throws {
            let place = try Workplace()
            let folder = try shelf(plugin, as: "mine", in: place)
            let result = try DemoResult(
                place.run(["demo", "--json", "--seconds", "2", "--plugin", "mine", "--plugin-folder", folder], as: account))
            result.expectPromises()
            #expect(result.rx.fast == 0 && result.tx.fast == 0)
            #expect(result.rx.slow > 0 && result.tx.slow > 0)
        }

        @Test func theDemoRunsOnAPluginInSwift() throws {
            let place = try Workplace()
            let folder = try shelf(.dummy, as: "mine", in: place)
            let run = try place.run(["demo", "--json", "--seconds", "2", "--plugin", "mine", "--plugin-folder", folder])
            let result = try DemoResult(run)
            result.expectPromises()
            let calls = run.outputLines.filter { $0.hasPrefix("dummy ") }
            for hook in [
                "frontend: new_device", "frontend: remove", "backend: attach", "backend: probe", "backend: received_from_wire",
                "backend: tick", "backend: detach",
            ] {
                #expect(calls.contains("dummy \(hook)"), "\(hook) was not called: \(calls)")
            }
        }

        @Test(arguments: [
            ("x-newer", "this host has"), ("x-older", "build it anew"), ("x-refusing", "no such device in this machine"),
            ("x-null", "missing"), ("x-unwilling", "does not want to run here"), ("x-failing", "refused the device"),
        ])
        func whatAPluginDoesWrongIsOneLine(name: String, mention: String) throws {
            let place = try Workplace()
            let folder = try shelf(.test, as: name, in: place)
            let result = try place.run(["demo", "--plugin", name, "--plugin-folder", folder])
            #expect(result.exitCode == 1)
            #expect(result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains(mention), "\(result.errors)")
        }
    }
}
