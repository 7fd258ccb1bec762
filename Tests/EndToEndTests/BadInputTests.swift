// SPDX-License-Identifier: BSD-3-Clause
import Testing

extension EndToEnd {
    /// What users get wrong: one row each.
    struct BadInputTests {
        struct Row: Sendable, CustomTestStringConvertible {
            let name: String
            let arguments: [String]
            var account = Account.own
            /// What the line must mention.
            let mention: String
            var testDescription: String { name }

            init(_ name: String, _ arguments: String..., as account: Account = .own, mention: String) {
                self.name = name
                self.arguments = arguments
                self.account = account
                self.mention = mention
            }
        }

        static let failures: [Row] = [
            Row("no such PMD", "netfront", "echo", "--ip", "10.0.0.2", "--wire", "net_nonesuch0", mention: "net_nonesuch0"),
            Row(
                "arguments that the PMD does not know", "netfront", "sink", "--wire", "net_null0,nonesuch=1",
                mention: "net_null0"),
            Row("no such capture", "demo", "--pcap", "/nonexistent/capture.pcap", mention: "/nonexistent/capture.pcap"),
            Row("a folder for a capture", "demo", "--pcap", "/tmp", mention: "/tmp"),
            Row("an empty file for a capture", "demo", "--pcap", "@empty", mention: "empty"),
            Row("text for a capture", "demo", "--pcap", "@text", mention: "text"),
            Row(
                "no such folder of plugins", "demo", "--plugin", "x", "--plugin-folder", "/nonexistent/plugins",
                mention: "/nonexistent/plugins"),
            Row("no such plugin", "demo", "--plugin", "nonesuch", "--plugin-folder", "/usr/bin", mention: "libnonesuch.so"),
            Row("a folder that all may write", "demo", "--plugin", "x", "--plugin-folder", "/tmp", mention: "chmod go-w"),
            Row("no such record of a host", "doctor", "--recorded", "/nonexistent/host.json", mention: "/nonexistent/host.json"),
            Row("text for a record of a host", "doctor", "--recorded", "@text", mention: "is no record of a host"),
            Row("a record where none can be", "doctor", "--record", "/nonexistent/host.json", mention: "/nonexistent/host.json"),
            Row("a capture without a frame", "demo", "--pcap", "@frameless", mention: "frameless"),
        ]

        static let failuresOfRoot: [Row] = [
            Row(
                "TAP device's name taken", "netfront", "tap", "--iface", "lo", "--wire", "net_null0", mention: "lo"),
            Row(
                "no such namespace", "netfront", "tap", "--namespace", "viaduct-nonesuch", "--wire", "net_null0",
                mention: "viaduct-nonesuch"),
            Row(
                "no permission for a TAP wire", "netfront", "echo", "--ip", "10.0.0.2", "--wire", "net_tap0,iface=vdt-none0",
                as: .nobody, mention: "vdt-none0"),
            Row(
                "no permission for a TAP guest", "netfront", "tap", "--iface", "vdt-none1", "--wire", "net_null0", as: .nobody,
                mention: "vdt-none1"),
            Row("no permission for namespaces", "demo", "--netns", as: .nobody, mention: "root"),
            Row("a capture that may not be read", "demo", "--pcap", "@secret", as: .nobody, mention: "secret"),
        ]

        @Test(arguments: failures)
        func isOneLineAndLeavesNothing(row: Row) throws { try check(row) }

        @Test(.enabled(if: Account.isRoot, "needs root"), arguments: failuresOfRoot)
        func isOneLineAndLeavesNothingAsRootAndNobody(row: Row) throws { try check(row) }

        private func check(_ row: Row) throws {
            let place = try Workplace()
            let files: [String: [UInt8]] = [
                "empty": [], "text": Array("this is no capture, and long enough to have a header".utf8),
                "frameless": CaptureFile.header, "secret": CaptureFile.frames(1),
            ]
            let arguments = try row.arguments.map { word -> String in
                guard word.hasPrefix("@"), let bytes = files[String(word.dropFirst())] else { return word }
                let path = try place.file(String(word.dropFirst()), bytes)
                return word == "@secret" ? try place.hide(path) : path
            }
            let result = try place.run(arguments, as: row.account)
            #expect(result.exitCode == 1)
            #expect(result.output == "")
            #expect(result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.hasPrefix("viaduct: "), "\(result.errors)")
            #expect(result.errors.contains(row.mention), "\(result.errors)")
        }

        @Test(arguments: [
            ["demo", "--plugin", "nonesuch"], ["demo", "--plugin", "../x", "--plugin-folder", "."],
            ["demo", "--nonesuch"], ["nonesuch"], ["demo", "--nic", "nonesuch"], ["demo", "--seconds", "-1"],
            ["demo", "--size", "65"], ["demo", "--size", "1515"], ["demo", "--rate", "0"], ["demo", "--flows", "0"],
            ["netfront", "echo", "--wire", "net_null0"],
            ["netfront", "echo", "--ip", "10.0.0.256", "--wire", "net_null0"],
            ["netfront", "sink"], ["netfront", "sink", "--wire", "net_null0", "--mac", "01:00:5e:00:00:01"],
        ])
        func aCommandLineThatIsNotUnderstoodIsAUsageError(arguments: [String]) throws {
            let result = try Workplace().run(arguments)
            #expect(result.exitCode == 2)
            #expect(result.output == "")
            #expect(!result.errors.isEmpty)
            #expect(result.seconds < 2)
        }
    }
}
