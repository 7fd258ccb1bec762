// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Dataplane
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Netfront

/// Plugins of a whole netfront, with its lcore running.
@Suite(.serialized) struct PluginTests {
    private final class Host: VhostSocketDelegate {
        func guestConnected(_ device: VhostDeviceID) {}
        func guestDisconnected(_ device: VhostDeviceID) {}
        func guestOpened(_ device: VhostDeviceID) {}
        func guestRing(_ ring: Int, of device: VhostDeviceID, isEnabled: Bool) {}
        func guestRefused(_ device: VhostDeviceID, _ fault: VhostMemoryFault) {}
    }

    private final class Application: @unchecked Sendable {
        // SAFETY (@unchecked Sendable): used by the one lcore that polls.
        let device: GuestDeviceHandle
        private let sends: Bool
        private var burst = MbufBurst(capacity: 32)
        private var outgoing = MbufBurst(capacity: 1)
        init(_ device: GuestDeviceHandle, sends: Bool) { (self.device, self.sends) = (device, sends) }
        var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }
        func poll() -> UInt32 {
            let count = device.receive(into: &burst)
            burst.free()
            if sends { send() }
            return UInt32(count)
        }
        /// A packet to nobody that is known; one that finds no room is sent again.
        private func send() {
            if outgoing.isEmpty, device.pool.allocate(1, into: &outgoing) {
                Frame.write(0, to: Frame.peer(1), from: Frame.guest, outgoing[0])
            }
            _ = device.transmit(&outgoing)
        }
        func stop() { outgoing.free() }
    }

    private func run(
        sends: Bool = false, limits: AccelerationLimits = AccelerationLimits(),
        _ body: (Netfront, InMemoryControlLink) throws -> Void
    ) throws {
        try EALFixture.exclusively {
            let path = FileManager.default.temporaryDirectory.appendingPathComponent("netfront-\(getpid())").path
            let host = Host()
            let socket = try VhostSocket(path: path, delegate: host)
            let group = try PollGroup(lcores: [LcoreID.workers[0]], idle: .adaptive)
            let links = InMemoryControlLink.makePair()
            let netfront = try Netfront(
                NetfrontConfiguration(name: "nf", mac: Frame.guest, socketPath: path, limits: limits), link: links.frontend,
                group: group,
                logger: Logger(label: "netfront", factory: { _ in SwiftLogNoOpLogHandler() }))
            let application = Application(netfront.guest, sends: sends)
            group.add(
                unsafe Poller(
                    name: "application",
                    function: { unsafe Unmanaged<Application>.fromOpaque($0).takeUnretainedValue().poll() },
                    context: application.context),
                toLoop: 0)
            try body(netfront, links.backend)
            #expect(unsafe group.remove(context: application.context))
            application.stop()
            netfront.close()
            group.stop()
            withExtendedLifetime((socket, host, application)) {}
            #expect(netfront.mbufsInUse == 0)
        }
    }

    private func wait(_ what: Comment, _ condition: () -> Bool) throws {
        for _ in 0..<20000 {
            if condition() { return }
            usleep(500)
        }
        try #require(condition(), what)
    }

    @Test func otherVersionsAndRefusalsAreToldApart() throws {
        try run { netfront, _ in
            let host = UInt32(VIADUCT_ACCEL_API_VERSION)
            let newer = ScriptedVI(version: host + 1)
            #expect(throws: NetfrontError.pluginTooNew(version: host + 1, host: host)) {
                try unsafe netfront.loadPlugin(newer.table)
            }
            let older = ScriptedVI(version: UInt32(VIADUCT_ACCEL_API_OLDEST) - 1)
            let oldest = UInt32(VIADUCT_ACCEL_API_OLDEST)
            #expect(throws: NetfrontError.pluginTooOld(version: oldest - 1, oldest: oldest)) {
                try unsafe netfront.loadPlugin(older.table)
            }
            let short = ScriptedVI()
            unsafe short.table.pointee.size -= 8
            #expect(throws: NetfrontError.pluginTooOld(version: host, oldest: UInt32(VIADUCT_ACCEL_API_OLDEST))) {
                try unsafe netfront.loadPlugin(short.table)
            }
            let whole = ScriptedVI()
            for word in 1..<(unsafe MemoryLayout<viaduct_frontend_hooks>.size / 8) {
                var table = unsafe whole.table.pointee
                unsafe withUnsafeMutableBytes(of: &table) { bytes in
                    unsafe bytes.storeBytes(of: 0, toByteOffset: word * 8, as: UInt64.self)
                }
                let refusal = #expect(throws: NetfrontError.self, "word \(word)") { try unsafe netfront.loadPlugin(&table) }
                guard case .pluginInvalid? = refusal else {
                    Issue.record("word \(word): \(String(describing: refusal))")
                    continue
                }
            }
            withExtendedLifetime(whole) {}
            let refusing = ScriptedVI()
            refusing.refuses = true
            #expect(throws: NetfrontError.pluginRefused("scripted")) { try unsafe netfront.loadPlugin(refusing.table) }
            let first = ScriptedVI()
            try unsafe netfront.loadPlugin(first.table)
            var other = unsafe refusing.table.pointee
            let name: StaticString = "other"
            unsafe other.name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
            #expect(throws: NetfrontError.pluginAlreadyLoaded("scripted")) { try unsafe netfront.loadPlugin(&other) }
            #expect(netfront.currentStatus.plugin == "scripted")
            try netfront.unloadPlugin()
            #expect(netfront.currentStatus.plugin == nil)
            #expect(first.removals.load(ordering: .sequentiallyConsistent) == 1)
            #expect(refusing.removals.load(ordering: .sequentiallyConsistent) == 0)
        }
    }

    @Test func afterUnloadingNoHookIsCalledAgain() throws {
        var limits = AccelerationLimits()
        limits.drain = 500_000_000
        try run(limits: limits) { netfront, backend in
            for round in 1...3 as ClosedRange<UInt32> {
                let plugin = ScriptedVI()
                try unsafe netfront.loadPlugin(plugin.table)
                #expect(
                    backend.send(.offer(version: ControlProtocol.version, mac: Frame.guest, plugin: "scripted", maximumStash: 64))
                        == .sent)
                try wait("the offer is accepted") { netfront.currentStatus.acceleration.state == .offered }
                #expect(
                    backend.send(
                        .grant(
                            id: round, .queuePair(port: 0, rxQueue: 1, txQueue: 1, mempool: "none"), fenceNonce: 1,
                            settleNanoseconds: 1000)) == .sent)
                try wait("the VI is polled") { plugin.callCount > 1000 }
                // Nobody answers the wish to give the VI back: after its time limit it is closed all the same.
                try netfront.unloadPlugin()
                #expect(plugin.removals.load(ordering: .sequentiallyConsistent) == 1)
                let calls = plugin.callCount
                usleep(20_000)
                #expect(plugin.callCount == calls)
                #expect(plugin.callsTooLate.load(ordering: .sequentiallyConsistent) == 0)
                while backend.receive() != nil {}
            }
        }
    }

    @Test func aRemovalWaitsForTheHookUnderWay() throws {
        try run(sends: true) { netfront, _ in
            for _ in 0..<10 {
                let plugin = ScriptedVI()
                plugin.transmitTime.store(1000, ordering: .relaxed)
                try unsafe netfront.loadPlugin(plugin.table)
                try wait("the guest sends") { plugin.callCount > 3 }
                try netfront.unloadPlugin()
                #expect(plugin.removals.load(ordering: .sequentiallyConsistent) == 1)
                #expect(plugin.removalsTooEarly.load(ordering: .sequentiallyConsistent) == 0)
                #expect(plugin.callsTooLate.load(ordering: .sequentiallyConsistent) == 0)
            }
        }
    }

    @Test func configurationsThatCantWorkAreRefused() throws {
        try EALFixture.exclusively {
            #expect(refusal { $0.name = "" }?.contains("name") == true)
            #expect(refusal { $0.name = "thirteen-long" }?.contains("name") == true)
            #expect(refusal { $0.mac = .broadcast }?.contains("unicast") == true)
            for size in [0, 63, 100, 65536] { #expect(refusal { $0.vringSize = size }?.contains("vring") == true) }
            for size in [0, 1 << 24] { #expect(refusal { $0.stashCapacity = size }?.contains("stash") == true) }
            #expect(refusal { $0.poolSize = 2048 }?.contains("pool") == true)
        }
    }

    private func refusal(_ change: (inout NetfrontConfiguration) -> Void) -> String? {
        var configuration = NetfrontConfiguration(name: "nf", mac: Frame.guest, socketPath: "/nowhere")
        change(&configuration)
        do throws(NetfrontError) {
            _ = try Netfront(
                configuration, link: InMemoryControlLink.makePair().frontend, group: try Self.emptyGroup(),
                logger: Logger(label: "netfront", factory: { _ in SwiftLogNoOpLogHandler() }))
            return nil
        } catch {
            if case .configuration(let text) = error { return text }
            return nil
        }
    }

    private static func emptyGroup() throws(NetfrontError) -> PollGroup {
        do { return try PollGroup(lcores: [], idle: .adaptive) } catch { throw .slowPath("\(error)") }
    }
}
