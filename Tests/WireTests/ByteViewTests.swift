// SPDX-License-Identifier: BSD-3-Clause

import Testing
import Wire

struct ByteViewTests {
    @Test func readsAreBigEndianAtAnyOffset() {
        withView([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09]) { view in
            #expect(view[8] == 0x09)
            #expect(view.u16(at: 7) == 0x0809)
            #expect(view.u32(at: 5) == 0x0607_0809)
            #expect(view.u64(at: 1) == 0x0203_0405_0607_0809)
            #expect(view.mac(at: 3).rawValue == 0x0405_0607_0809)
        }
    }

    @Test func writesAreReadBackAndTouchNothingElse() {
        withExactBytes([UInt8](repeating: 0xEE, count: 24)) { target in
            target.set(u8: 0x11, at: 1)
            target.set(u16: 0x2233, at: 3)
            target.set(u32: 0x4455_6677, at: 6)
            target.set(u64: 0x8899_AABB_CCDD_0102, at: 11)
            #expect(
                target.view.bytes == [
                    0xEE, 0x11, 0xEE, 0x22, 0x33, 0xEE, 0x44, 0x55, 0x66, 0x77, 0xEE, 0x88, 0x99, 0xAA, 0xBB, 0xCC,
                    0xDD, 0x01, 0x02, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE,
                ])
            target.set(mac: MACAddress(rawValue: 0x0A0B_0C0D_0E0F), at: 18)
            #expect(target.mac(at: 18).rawValue == 0x0A0B_0C0D_0E0F)
            #expect(target[17] == 0x01)
            #expect(target.u16(at: 3) == 0x2233 && target.u32(at: 6) == 0x4455_6677)
            #expect(target.u64(at: 11) >> 8 == 0x0088_99AA_BBCC_DD01)
        }
    }

    @Test func slicesExistOnlyInsideTheView() {
        withView([0, 1, 2, 3]) { view in
            #expect(view.slice(from: 1, count: 2)?.bytes == [1, 2])
            #expect(view.slice(from: 4, count: 0)?.bytes == [])
            #expect(view.slice(from: 0, count: 4)?.count == 4)
            for (offset, count) in [(5, 0), (4, 1), (0, 5), (-1, 1), (1, -1), (1, Int.max), (Int.max, 1), (Int.min, 1)] {
                #expect(view.slice(from: offset, count: count) == nil, "\(offset) \(count)")
            }
            #expect(view.dropFirst(4)?.isEmpty == true)
            #expect(view.dropFirst(5) == nil && view.dropFirst(-1) == nil)
            #expect(view.prefix(3)?.bytes == [0, 1, 2])
            #expect(view.prefix(5) == nil && view.prefix(-1) == nil)
        }
        withExactBytes([0, 1, 2, 3]) { target in
            #expect(target.slice(from: 1, count: 3)?.view.bytes == [1, 2, 3])
            #expect(target.slice(from: 2, count: 3) == nil && target.slice(from: Int.max, count: 1) == nil)
            #expect(target.dropFirst(5) == nil && target.prefix(5) == nil)
            target.dropFirst(2)?.set(u16: 0xAABB, at: 0)
            #expect(target.view.bytes == [0, 1, 0xAA, 0xBB])
        }
    }

    @Test func copyRefusesWhatDoesNotFitAndLeavesTheTarget() {
        withExactBytes([9, 9, 9]) { target in
            withView([1, 2]) { source in
                #expect(!target.copy(from: source, at: 2))
                #expect(!target.copy(from: source, at: -1))
                #expect(!target.copy(from: source, at: Int.max))
                #expect(target.view.bytes == [9, 9, 9])
                #expect(target.copy(from: source, at: 1))
                #expect(target.view.bytes == [9, 1, 2])
            }
        }
    }

    @Test func overlappingCopyMovesTheBytes() {
        withExactBytes([1, 2, 3, 4, 5]) { target in
            let source = target.view.prefix(4)
            source?.copyBytes(into: target, at: 1)
            #expect(target.view.bytes == [1, 1, 2, 3, 4])
        }
    }

    @Test func sameBytesComparesLengthAndContent() {
        withView([1, 2, 3]) { view in
            withView([1, 2, 3]) { #expect(view.hasSameBytes(as: $0)) }
            withView([1, 2, 4]) { #expect(!view.hasSameBytes(as: $0)) }
            withView([1, 2]) { #expect(!view.hasSameBytes(as: $0)) }
        }
    }

    // Each body runs in a process of its own: an access outside of the view has to end it.

    @Test func readingBeyondTheEndTraps() async {
        await #expect(processExitsWith: .failure) { withView([1, 2]) { _ = $0[2] } }
        await #expect(processExitsWith: .failure) { withView([1, 2]) { _ = $0[-1] } }
        await #expect(processExitsWith: .failure) { withView([1]) { _ = $0.u16(at: 0) } }
        await #expect(processExitsWith: .failure) { withView([1, 2, 3, 4]) { _ = $0.u32(at: 1) } }
        await #expect(processExitsWith: .failure) { withView([1, 2, 3, 4]) { _ = $0.u64(at: 0) } }
        await #expect(processExitsWith: .failure) { withView([1, 2, 3, 4, 5]) { _ = $0.mac(at: 0) } }
        await #expect(processExitsWith: .failure) { withView([1, 2]) { _ = $0.u16(at: Int.max) } }
    }

    @Test func writingBeyondTheEndTraps() async {
        await #expect(processExitsWith: .failure) { withExactBytes([1]) { $0.set(u8: 0, at: 1) } }
        await #expect(processExitsWith: .failure) { withExactBytes([1]) { $0.set(u16: 0, at: 0) } }
        await #expect(processExitsWith: .failure) { withExactBytes([1, 2, 3]) { $0.set(u32: 0, at: 0) } }
        await #expect(processExitsWith: .failure) { withExactBytes([1, 2, 3]) { $0.set(u64: 0, at: 0) } }
        await #expect(processExitsWith: .failure) { withExactBytes([1, 2, 3]) { $0.set(mac: .zero, at: 0) } }
        await #expect(processExitsWith: .failure) { withExactBytes([1, 2]) { $0.view.copyBytes(into: $0, at: 1) } }
    }
}
