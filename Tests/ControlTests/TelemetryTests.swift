// SPDX-License-Identifier: BSD-3-Clause
import Control
import DPDK
import Testing

@Suite struct TelemetryTests {
    private static func answer(_ command: TelemetryService.Command, _ parameters: String? = nil) -> TelemetryObject {
        TelemetryService(FakeHost()).answer(command, parameters)
    }

    @Test func theFiguresAreThoseOfTheStatus() {
        let report = FakeHost().status
        let status = Self.answer(.status)
        #expect(status["pid"] == .number(7) && status["vifs"] == .number(2) && status["outOfUse"] == nil)
        #expect(status["device"] == .text("net_null0") && status["plugin"] == .text("accelerated"))
        guard case .object(let uplink) = status["uplink"] else { return #expect(Bool(false), "\(status)") }
        #expect(uplink["received"] == 1 && uplink["errors"] == 5 && uplink["isLinkUp"] == 1)
        #expect(Self.answer(.switching)["counters"] == .object(report.switch.counters))
        let frames = report.switch.frames
        #expect(
            status["switch"]
                == .object(["in": frames.in, "delivered": frames.delivered, "dropped": frames.dropped, "held": frames.held]))
        #expect(Self.answer(.vifs)["vifs"] == .list(["g0", "machine"]))
        #expect(Self.answer(.vif, "machine")["kind"] == .text("vm") && Self.answer(.vif, "g0")["kind"] == .text("attached"))
        #expect(Self.answer(.flows, "g0")["flows"] == .list([]) && Self.answer(.flows, "g0")["portRules"] == .number(3))
    }

    @Test(arguments: [
        (nil, "needs the name of a vif"), ("", "needs the name of a vif"), ("g1", "there is no vif g1"),
        (String(repeating: "\"", count: 900), "there is no vif \"\"\""),
    ])
    func aVifThatIsNotThereIsAnError(name: String?, words: String) {
        for command in [TelemetryService.Command.vif, .flows] {
            let answer = Self.answer(command, name)
            guard answer.entries.count == 1, case .text(let error) = answer["error"] else {
                return #expect(Bool(false), "\(answer)")
            }
            #expect(error.contains(words))
        }
    }

    @Test func whatDoesNotFitIsCounted() {
        var long = TelemetryObject()
        long["text"] = .text(String(repeating: "ä", count: 100))
        long["list"] = .list((0..<600).map { "vif\($0)" })
        long["names"] = .list(Array(repeating: String(repeating: "\u{1}", count: 31), count: 200))
        long["counts"] = .object(Dictionary(uniqueKeysWithValues: (0..<300).map { ("count\($0)", UInt64.max) }))
        let fitted = long.fitted
        #expect(fitted["text"] == .text(String(repeating: "ä", count: 63)))
        #expect(fitted["listOmitted"] == .number(100) && fitted["names"] != nil)
        guard case .list(let names) = fitted["names"], case .number(let omitted) = fitted["namesOmitted"] else {
            return #expect(Bool(false), "\(fitted)")
        }
        #expect(names.count > 10 && names.count + Int(omitted) == 200)
        #expect(fitted["counts"] == nil)
        var short = TelemetryObject()
        short["list"] = .list(["a"])
        #expect(short.fitted == short)
    }
}
