// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control
import SoftNIC

/// The NIC in software, and the lcores that drive a host.
struct NICOptions: ParsableArguments {
    @Option(name: .customLong("nic"), help: "The driver family that the NIC in software imitates.")
    var family = Personality.sfc
    @Flag(
        name: .customLong("no-vmdq"),
        help: "Leave VMDq pools alone: NICs that have them are steered by rules, as far as those go.")
    var withoutPools = false
    @Option(help: "Everything on one lcore, on two, or on one each.")
    var lcores = LcorePlan.split
    @Option(help: "Seed of the NIC's random delays.")
    var seed: UInt64 = 1
}
