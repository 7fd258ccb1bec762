// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import TestSupport
import Testing

extension EndToEnd {
    /// The daemon as a service of `Type=notify`.
    struct ServiceTests {
        @Test(arguments: Account.available) func itIsReadyWhenGuestsMayCome(_ account: Account) throws {
            let place = try DaemonPlace(account)
            let manager = try NotifySocket("\(place.sockets)/notify")
            let file = try place.configure(place.vif("a", 1), place.vif("b", 2))
            let daemon = try place.place.start(
                ["netback", "--config", file], as: account, with: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"])
            let end = DispatchTime.now() + .seconds(30)
            while manager.messages.isEmpty {
                try #require(daemon.isRunning && DispatchTime.now() < end, "\(daemon.errorText)")
                Thread.sleep(forTimeInterval: 0.001)
            }
            #expect(manager.messages.first == "READY=1\nSTATUS=serving by \(place.control)\n")
            // At once, without a second try.
            for name in ["a", "b", "control.sock"] { #expect(try Self.accepts("\(place.sockets)/\(name)"), "\(name)") }
            #expect(try place.ask(["status"]).exitCode == 0)
            Thread.sleep(forTimeInterval: 2)
            #expect(manager.count("WATCHDOG=1") >= 5, "\(manager.messages)")
            daemon.send(SIGHUP)
            #expect(manager.hears("RELOADING=1", within: 10))
            for _ in 0..<1000 where manager.count("READY=1") < 2 { Thread.sleep(forTimeInterval: 0.01) }
            let lines = manager.messages.map { $0.prefix(while: { $0 != "\n" }) }.filter { $0 != "WATCHDOG=1" }
            #expect(lines == ["READY=1", "RELOADING=1", "READY=1"])
            daemon.send(SIGTERM)
            let result = try daemon.end()
            #expect(result.exitCode == 0 && result.seconds < 2, "\(result)")
            #expect(manager.count("STOPPING=1") == 1)
        }

        /// With a guest that is connected and traffic for it.
        @Test func itEndsWithinTwoSecondsWithAGuest() throws {
            let host = try DaemonPlace()
            try host.start(try host.configure(host.vif("a", 1), wire: "net_null0"))
            let guest = try DaemonPlace()
            try guest.start(
                try guest.configure(guest.vif("b", 2), wire: "net_virtio_user0,path=\(host.sockets)/a,mac=02:00:00:00:00:01"))
            for _ in 0..<100 where try host.vifs()["a"]?["isConnected"] as? Bool != true { Thread.sleep(forTimeInterval: 0.1) }
            #expect(try host.vifs()["a"]?["isConnected"] as? Bool == true)
            let result = try host.stop()
            #expect(result.exitCode == 0 && result.seconds < 2, "\(result)")
            #expect(try guest.stop().exitCode == 0)
        }

        /// The guest that has the VI says nothing any more, and more comes for it than it could take.
        @Test func itEndsWithinTwoSecondsWithAGuestThatStandsStill() throws {
            let daemon = try FloodedDaemon()
            try daemon.start()
            daemon.guests[0].send(SIGSTOP)
            Thread.sleep(forTimeInterval: 0.2)
            try daemon.stopDaemon()
            try daemon.endGuests()
        }

        /// A plugin's hook does not return any more: the watchdog is left alone with that, and the log says which lcore it is.
        @Test func aLoopThatStandsStillIsNotVouchedFor() throws {
            let place = try DaemonPlace()
            let manager = try NotifySocket("\(place.sockets)/notify")
            let folder = place.place.folder.appendingPathComponent("plugins")
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
            let file = folder.appendingPathComponent("libx-endless.so").path
            try FileManager.default.copyItem(atPath: try #require(BuiltPlugin.test.path), toPath: file)
            let rest = "plugin: x-endless\nplugin-folder: \(folder.path)"
            let configuration = try place.configure(place.vif("a", 1), wire: "net_null0", rest: rest)
            let daemon = try place.place.start(
                ["netback", "--config", configuration], with: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "800000"])
            #expect(manager.hears("READY=1", within: 20), "\(daemon.errorText)")
            for _ in 0..<200 where !daemon.errorText.contains("a poll loop stands still") { Thread.sleep(forTimeInterval: 0.05) }
            #expect(
                daemon.errorText.contains("a poll loop stands still") && daemon.errorText.contains("lcore=2"),
                "\(daemon.errorText)")
            let before = manager.count("WATCHDOG=1")
            Thread.sleep(forTimeInterval: 1.6)
            #expect(manager.count("WATCHDOG=1") == before, "the watchdog would have fired twice by now")
            #expect(daemon.isRunning)
            daemon.send(SIGKILL)
            #expect(try daemon.end().exitCode == 128 + SIGKILL)
        }

        @Test(arguments: [
            "", "/nonexistent/notify", "@", "relative", "@nobody-listens-here", String(repeating: "/x", count: 100),
        ])
        func whoCannotBeToldIsNotMissed(_ name: String) throws {
            let place = try DaemonPlace()
            try place.start(
                try place.configure(place.vif("a", 1)), with: ["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "-1", "WATCHDOG_PID": "x"])
            #expect(try place.stop().exitCode == 0)
        }

        private static func accepts(_ path: String) throws -> Bool {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
        }
    }
}
