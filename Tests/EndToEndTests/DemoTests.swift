// SPDX-License-Identifier: BSD-3-Clause
import Testing

extension EndToEnd {
    /// The demonstration over a wire made of rings.
    struct DemoTests {
        @Test(arguments: Account.available)
        func accelerationComesAndGoesWithoutLossOrReordering(account: Account) throws {
            let result = try DemoResult(Workplace().run(["demo", "--json", "--seconds", "6"], as: account))
            result.expectPromises()
            result.expectBothPaths()
            #expect(result.form == "A")
        }

        @Test func oneLcoreForEverythingIsEnough() throws {
            let result = try DemoResult(Workplace().run(["demo", "--json", "--seconds", "6", "--lcores", "single"]))
            result.expectPromises()
            result.expectBothPaths()
        }

        @Test(arguments: [66, 1514])
        func framesOfTheShortestAndLongestLengthPass(size: Int) throws {
            let arguments = ["demo", "--json", "--seconds", "6", "--size", "\(size)", "--seed", "7"]
            let result = try DemoResult(Workplace().run(arguments))
            result.expectPromises()
            result.expectBothPaths()
        }

        @Test func aNICThatSteersNothingIsAcceleratedBySoftware() throws {
            let result = try DemoResult(Workplace().run(["demo", "--json", "--seconds", "6", "--nic", "none"]))
            result.expectPromises()
            result.expectBothPaths()
            #expect(result.form == "F")
        }

        /// A family of NICs, further options, the form to be used, and those above it that are refused.
        static let families: [(nic: String, options: [String], form: String, refused: String)] = [
            ("ixgbe-82599", [], "B", ""), ("ixgbe-x550", [], "B", ""), ("i40e", [], "B", ""), ("igb", [], "B", ""),
            ("sfc", [], "A", ""), ("mlx5", [], "A", ""), ("bnxt", [], "A", ""), ("none", [], "F", "A"),
            ("i40e", ["--no-vmdq"], "C", "B"), ("ixgbe-x550", ["--no-vmdq", "--vlan", "9"], "D", "B"),
            ("ixgbe-82599", ["--no-vmdq"], "E", "B"), ("ixgbe-x550", ["--no-vmdq"], "E", "BD"), ("igb", ["--no-vmdq"], "E", "B"),
            ("ixgbe-82599", ["--no-vmdq", "--vlan", "9"], "F", "BE"), ("sfc", ["--vlan", "9"], "A", ""),
        ]

        @Test(arguments: families)
        func everyFamilyOfNICsIsSteeredInItsOwnWay(_ row: (nic: String, options: [String], form: String, refused: String)) throws
        {
            let arguments =
                ["demo", "--json", "--seconds", "4", "--rate", "max", "--switches", "6", "--nic", row.nic] + row.options
            let result = try DemoResult(Workplace().run(arguments))
            result.expectPromises()
            result.expectBothPaths()
            #expect(result.switches.count >= 6)
            #expect(result.form == row.form)
            #expect(result.coverage?.isEmpty == false)
            #expect(result.refused.map(\.form).joined() == row.refused)
            #expect(result.refused.allSatisfy { !$0.reason.isEmpty })
        }

        /// The rules of an 82599 go to the flows that are worth most.
        @Test func fewRulesCarryNearlyWhatTheyCan() throws {
            let result = try DemoResult(
                Workplace().run([
                    "demo", "--json", "--nic", "ixgbe-82599", "--no-vmdq", "--flows", "10000", "--zipf", "1.1", "--seconds", "8",
                ]))
            result.expectPromises()
            #expect(result.form == "E")
            let flows = try #require(result.flows)
            #expect(flows.rules == 128 && flows.used > 100)
            #expect(try #require(flows.ofOracle) >= 0.9)
            // Of 10,000 flows 128 can't carry all, and some of the packets come by the slow path.
            #expect(try #require(flows.oracle) < 0.8 && result.rx.slow > 0)
            #expect(flows.changesPerSecond > 0 && flows.changesPerSecond <= 2 * 264)
        }

        @Test func withoutAPluginEverythingIsSlow() throws {
            let result = try DemoResult(Workplace().run(["demo", "--json", "--seconds", "3", "--plugin", "none"]))
            result.expectPromises()
            #expect(result.rx.fast == 0 && result.tx.fast == 0)
            #expect(result.rx.slow > 0 && result.tx.slow > 0)
            #expect(result.switches.isEmpty)
            #expect(result.form == nil)
        }

        @Test func theDummyPluginIsCalledAndAcceleratesNothing() throws {
            let run = try Workplace().run(["demo", "--json", "--seconds", "3", "--plugin", "dummy"])
            let result = try DemoResult(run)
            result.expectPromises()
            #expect(result.rx.fast == 0 && result.tx.fast == 0)
            #expect(result.rx.slow > 0 && result.tx.slow > 0)
            let calls = run.outputLines.filter { $0.hasPrefix("dummy ") }
            #expect(calls.count == Set(calls).count, "a hook was told more than once: \(calls)")
            for hook in [
                "frontend: new_device", "frontend: remove", "backend: attach", "backend: probe", "backend: want",
                "backend: received_from_wire", "backend: transmitted_to_wire", "backend: tick", "backend: remove",
                "backend: detach",
            ] {
                #expect(calls.contains("dummy \(hook)"), "\(hook) was not called: \(calls)")
            }
        }

        @Test func thePrintedReportSaysTheSame() throws {
            let result = try Workplace().run(["demo", "--seconds", "6"])
            #expect(result.exitCode == 0)
            #expect(result.errors == "")
            #expect(result.output.contains("lost 0  reordered 0  duplicated 0  mbufs in use 0  form A"))
            #expect(result.output.contains("switched to fast in "))
        }
    }
}
