// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

extension EndToEnd {
    /// A signal in the middle of a run.
    struct InterruptionTests {
        @Test(arguments: Account.available, [SIGINT, SIGTERM])
        func theDemoEndsInOrder(account: Account, signal: Int32) throws {
            let result = try Workplace().run(
                ["demo", "--json", "--seconds", "30"], as: account, limit: 10, signal: (signal, 2))
            #expect(result.exitCode == 128 + signal)
            #expect(result.seconds < 5)
            #expect(result.errors == "")
        }

        @Test func aGuestEndsInOrder() throws {
            let result = try Workplace().run(
                ["netfront", "echo", "--ip", "10.0.0.2", "--wire", "net_null0"], limit: 10, signal: (SIGINT, 2))
            #expect(result.exitCode == 128 + SIGINT)
            #expect(result.seconds < 5)
            #expect(result.errors == "")
        }

        @Test(.enabled(if: Account.isRoot, "needs root"))
        func namespacesAndTheirProcessesAreTakenDown() throws {
            let result = try Workplace().run(
                ["demo", "--json", "--netns", "--seconds", "30"], limit: 10, signal: (SIGINT, 4))
            #expect(result.exitCode == 128 + SIGINT)
            #expect(result.seconds < 5)
        }

        @Test(.enabled(if: Account.isRoot, "needs root"))
        func aKernelsInterfaceIsTakenDown() throws {
            let result = try Workplace().run(
                ["netfront", "echo", "--ip", "10.0.0.2", "--wire", "net_tap0,iface=vdt-wire0"], limit: 10, signal: (SIGTERM, 2))
            #expect(result.exitCode == 128 + SIGTERM)
            #expect(result.seconds < 5)
        }
    }
}
