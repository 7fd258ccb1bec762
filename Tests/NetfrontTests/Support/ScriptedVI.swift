// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import CViaductAccel
import DPDK
import Dataplane
import Foundation
import Synchronization
import Wire

/// A frontend plugin that does what the test says: yields the frames it was given, answers transmit by a script, and has a clock that
/// the test sets.
@safe
final class ScriptedVI: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): the hot state belongs to whoever works on the device, one thread at a time; `calls` is atomic.
    var arriving = MbufQueue(capacity: 8192)
    /// What becomes of an eligible packet.
    var answer: (Mbuf) -> Verdict = { _ in .accepted }
    /// Numbers of the packets that were accepted, in order.
    var sent: [UInt32] = []
    /// 1 done, 0 not yet, negative when the driver can't tell.
    var transmitDone: Int32 = 1
    var clock: UInt64 = 1_000_000
    var refuses = false

    /// Hot hooks that were called, all in all.
    let calls = Atomic<UInt64>(0)
    /// Those that were called after `remove`.
    let callsTooLate = Atomic<UInt64>(0)
    let removals = Atomic<Int>(0)
    /// Those that came while a transmit was under way.
    let removalsTooEarly = Atomic<Int>(0)
    /// How long a transmit takes, in microseconds.
    let transmitTime = Atomic<UInt32>(0)
    private let isTransmitting = Atomic<Bool>(false)
    let grants = Atomic<Int>(0)
    let table: UnsafeMutablePointer<viaduct_frontend_hooks>

    init(version: UInt32 = UInt32(VIADUCT_ACCEL_API_VERSION)) {
        unsafe table = .allocate(capacity: 1)
        let name: StaticString = "scripted"
        unsafe table.initialize(
            to: viaduct_frontend_hooks(
                api_version: version, size: UInt32(MemoryLayout<viaduct_frontend_hooks>.size),
                name: UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                plugin: Unmanaged.passUnretained(self).toOpaque(),
                new_device: { plugin, _ in unsafe ScriptedVI.at(plugin).refuses ? nil : plugin },
                remove: { unsafe ScriptedVI.at($0).remove() },
                suspend: { _ in }, resume: { _ in },
                backend_changed: { device, grant in
                    if unsafe grant != nil { unsafe _ = ScriptedVI.at(device).grants.add(1, ordering: .sequentiallyConsistent) }
                    return 0
                },
                poll: { unsafe ScriptedVI.at($0).poll($1, $2) }, transmit: { unsafe ScriptedVI.at($0).transmit($1, $2, $3) },
                transmit_done: { unsafe ScriptedVI.at($0).noted().transmitDone },
                clock: { unsafe ScriptedVI.at($0).noted().clock },
                arm_wakeup: { _ in false }, disarm_wakeup: { _ in }, is_ready: { _ in true }, statistics: { _, _ in }))
    }

    var callCount: UInt64 { calls.load(ordering: .relaxed) }

    deinit { unsafe table.deallocate() }

    private static func at(_ context: UnsafeMutableRawPointer) -> ScriptedVI {
        unsafe Unmanaged<ScriptedVI>.fromOpaque(context).takeUnretainedValue()
    }

    private func noted() -> ScriptedVI {
        calls.add(1, ordering: .relaxed)
        if removals.load(ordering: .sequentiallyConsistent) > 0 { callsTooLate.add(1, ordering: .relaxed) }
        return self
    }

    private func remove() {
        removals.add(1, ordering: .sequentiallyConsistent)
        if isTransmitting.load(ordering: .sequentiallyConsistent) { removalsTooEarly.add(1, ordering: .sequentiallyConsistent) }
    }

    private func poll(_ slots: viaduct_mbufs, _ capacity: UInt16) -> UInt16 {
        _ = noted()
        var count = 0
        while count < Int(capacity), let mbuf = arriving.removeFirst() {
            unsafe slots[count] = UnsafeMutableRawPointer(mbuf.unsafePointer)
            count += 1
        }
        return UInt16(count)
    }

    private func transmit(_ slots: viaduct_mbufs, _ verdicts: UnsafeMutablePointer<UInt8>, _ count: UInt16) {
        _ = noted()
        isTransmitting.store(true, ordering: .sequentiallyConsistent)
        defer { isTransmitting.store(false, ordering: .sequentiallyConsistent) }
        let time = transmitTime.load(ordering: .relaxed)
        if time > 0 { usleep(time) }
        let burst = unsafe BorrowedBurst(UnsafeMutableRawPointer(slots), count: count)
        var isBusy = false
        var gone = MbufBurst(capacity: 64)
        for index in 0..<burst.count where unsafe verdicts[index] == Verdict.eligible.rawValue {
            let verdict = isBusy ? Verdict.busy : answer(burst[index])
            unsafe verdicts[index] = verdict.rawValue
            if verdict == .busy || verdict == .declined(.form) { isBusy = true }
            if verdict == .accepted {
                sent.append(Frame.number(burst[index]))
                gone.append(burst[index])
            }
        }
        gone.free()
    }
}
