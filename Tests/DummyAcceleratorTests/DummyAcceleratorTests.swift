// SPDX-License-Identifier: BSD-3-Clause
import DPDK
import Acceleration
import CViaductAccel
import DummyAccelerator
import Testing
import Wire

/// Collects the lines that the plugin prints.
final class Lines: Sendable {
    private let all = Lock<[String]>([])
    func append(_ line: String) { all.withLock { $0.append(line) } }
    var printed: [String] { all.withLock { $0 } }
}

@Suite struct DummyAcceleratorTests {
    private let lines = Lines()
    private let dummy: DummyAccelerator
    private let vif = VifDescription(id: 3, name: "guest", mac: MACAddress(rawValue: 0x0200_0000_0003))

    init() {
        let lines = lines
        dummy = DummyAccelerator { lines.append($0) }
    }

    /// A device as netfront makes one.
    private func newDevice() throws -> UnsafeMutableRawPointer {
        let hooks = unsafe dummy.frontendHooks
        var description = vif.c
        return unsafe try #require(unsafe hooks.pointee.new_device(hooks.pointee.plugin, &description))
    }

    @Test func tablesNameTheirVersionAndSize() {
        unsafe #expect(dummy.frontendHooks.pointee.api_version == UInt32(VIADUCT_ACCEL_API_VERSION))
        unsafe #expect(Int(dummy.frontendHooks.pointee.size) == MemoryLayout<viaduct_frontend_hooks>.size)
        unsafe #expect(dummy.backendHooks.pointee.api_version == UInt32(VIADUCT_ACCEL_API_VERSION))
        unsafe #expect(Int(dummy.backendHooks.pointee.size) == MemoryLayout<viaduct_backend_hooks>.size)
        unsafe #expect(String(cString: dummy.frontendHooks.pointee.name) == "dummy")
        unsafe #expect(String(cString: dummy.backendHooks.pointee.name) == "dummy")
    }

    @Test func entryPointsGiveTablesToHostsThatKnowThem() throws {
        let version = UInt32(VIADUCT_ACCEL_API_VERSION)
        for host in [version, version + 1, .max] {
            var reason: UnsafePointer<CChar>?
            let backend = unsafe try #require(unsafe dummyBackendPlugin(host, &reason))
            let frontend = unsafe try #require(unsafe dummyFrontendPlugin(host, &reason))
            unsafe #expect(backend.pointee.api_version == version && frontend.pointee.api_version == version)
            unsafe #expect(reason == nil)
            // The same each time.
            unsafe #expect(dummyBackendPlugin(host, &reason) == backend && dummyFrontendPlugin(host, &reason) == frontend)
        }
        for older in [version - 1, 0] {
            var reason: UnsafePointer<CChar>?
            unsafe #expect(dummyBackendPlugin(older, &reason) == nil)
            let text = unsafe try #require(unsafe reason)
            unsafe #expect(String(cString: text) == "the host is older than the plugin")
            unsafe reason = nil
            unsafe #expect(dummyFrontendPlugin(older, &reason) == nil)
            unsafe #expect(reason != nil)
        }
    }

    @Test func frontendDeclinesEveryEligiblePacketAndLeavesTheOthers() throws {
        let hooks = unsafe dummy.frontendHooks
        let device = unsafe try newDevice()
        var verdicts: [UInt8] = [0, 17, 0, 20]
        var slots = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: 4)
        unsafe viaduct_call_transmit(hooks, device, &slots, &verdicts, 4)
        #expect(verdicts == [16, 17, 16, 20])
        unsafe hooks.pointee.remove(device)
    }

    @Test func frontendHasNothingAndIsNeverReady() throws {
        let hooks = unsafe dummy.frontendHooks
        let device = unsafe try newDevice()
        var slots = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: 4)
        unsafe #expect(viaduct_call_poll(hooks, device, &slots, 4) == 0)
        unsafe #expect(!viaduct_call_is_ready(hooks, device))
        unsafe #expect(viaduct_call_transmit_done(hooks, device) == 1)
        unsafe #expect(!viaduct_call_arm_wakeup(hooks, device))
        var grant = Grant.queuePair(port: 1, rxQueue: 1, txQueue: 1, mempool: "p").c(id: 1)
        unsafe #expect(hooks.pointee.backend_changed(device, &grant) == -95)
        unsafe #expect(hooks.pointee.backend_changed(device, nil) == 0)
        unsafe hooks.pointee.remove(device)
    }

    @Test func everyHookIsCountedAndPrintedOnce() throws {
        for _ in 0..<2 { try callAllHooks() }
        for (name, count) in dummy.calls { #expect(count == 2, "\(name)") }
        let expected = DummyHook.allCases.map { "dummy \($0.name)" }
        #expect(lines.printed.count == expected.count)
        #expect(Set(lines.printed) == Set(expected))
    }

    @Test func hotHooksPrintOnlyWhenReported() throws {
        let hooks = unsafe dummy.frontendHooks
        let device = unsafe try newDevice()
        let before = lines.printed
        var slots = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: 1)
        unsafe _ = viaduct_call_poll(hooks, device, &slots, 1)
        #expect(lines.printed == before)
        dummy.report()
        #expect(lines.printed == before + ["dummy frontend: poll"])
        #expect(dummy.calls(of: .poll) == 1)
        dummy.report()
        #expect(lines.printed == before + ["dummy frontend: poll"])
        unsafe hooks.pointee.remove(device)
    }

    private func callAllHooks() throws {
        var slots = unsafe [UnsafeMutableRawPointer?](repeating: nil, count: 1)
        var verdicts: [UInt8] = [0]
        var statistics = viaduct_path_statistics()
        let front = unsafe dummy.frontendHooks
        let device = unsafe try newDevice()
        unsafe _ = front.pointee.backend_changed(device, nil)
        unsafe front.pointee.suspend(device)
        unsafe front.pointee.resume(device)
        unsafe _ = viaduct_call_poll(front, device, &slots, 1)
        unsafe viaduct_call_transmit(front, device, &slots, &verdicts, 0)
        unsafe _ = viaduct_call_transmit_done(front, device)
        unsafe _ = viaduct_call_clock(front, device)
        unsafe _ = viaduct_call_arm_wakeup(front, device)
        unsafe viaduct_call_disarm_wakeup(front, device)
        unsafe _ = viaduct_call_is_ready(front, device)
        unsafe front.pointee.statistics(device, &statistics)
        unsafe front.pointee.remove(device)

        let back = unsafe dummy.backendHooks
        let plugin = unsafe back.pointee.plugin
        var host = unsafe idleHost()
        unsafe #expect(back.pointee.attach(plugin, &host) == 0)
        var description = vif.c
        let state = unsafe try #require(unsafe back.pointee.probe(plugin, &description))
        unsafe back.pointee.want(state, true)
        unsafe viaduct_call_received_from_wire(back, &slots, 0)
        unsafe viaduct_call_transmitted_to_wire(back, &slots, 0)
        unsafe back.pointee.control_message(state, [1, 2, 3], 3)
        unsafe back.pointee.path_event(state, VIADUCT_PATH_HELD.rawValue, 0)
        unsafe back.pointee.local_addresses(plugin, 1, [0x0200_0000_0009], 1)
        unsafe back.pointee.port_suspended(plugin)
        unsafe back.pointee.port_resumed(plugin)
        unsafe back.pointee.link_changed(plugin, true)
        unsafe back.pointee.tick(plugin, 1)
        unsafe back.pointee.remove(state)
        unsafe back.pointee.detach(plugin)
    }

    /// A host that does nothing, for a plugin that asks for nothing.
    @unsafe
    private func idleHost() -> viaduct_backend_host {
        unsafe viaduct_backend_host(
            api_version: UInt32(VIADUCT_ACCEL_API_VERSION), size: UInt32(MemoryLayout<viaduct_backend_host>.size),
            host: unsafe UnsafeMutableRawPointer(bitPattern: 8)!, send: { _, _, _, _ in -32 }, hold: { _, _ in 0 },
            release: { _, _ in 0 }, fence: { _, _, _, _ in 0 }, set_fence_nonce: { _, _, _ in 0 }, report: { _, _, _ in },
            steer: { _, _, _ in 0 }, unsteer: { _, _ in 0 },
            hold_flows: { _, _, _, _ in 0 }, release_flows: { _, _ in 0 })
    }
}
