// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import SoftNIC

/// The host around a guest, whatever its uplink is.
struct HostOptions: ParsableArguments {
    @Option(help: "The driver family that the NIC in software imitates.")
    var nic = Personality.sfc
    @Flag(
        name: .customLong("no-vmdq"),
        help: "Leave VMDq pools alone: NICs that have them are steered by rules, as far as those go.")
    var withoutPools = false
    @Option(help: "The guest's VLAN on the uplink, 1 to 4094; otherwise its frames are untagged there.")
    var vlan: UInt16?
    @Option(help: "Flow rules that the guest may have in the NIC; as many as that takes when not given.")
    var rules: Int?
    @OptionGroup var plugins: PluginOptions
    @Option(help: "Everything on one lcore, on two, or on one each.")
    var lcores = LcorePlan.split
    @Option(help: "Seed of the NIC's random delays.")
    var seed: UInt64 = 1
    @Flag(help: "Log what happens, and print all counters at the end, on standard error.")
    var verbose = false

    func validate() throws {
        if let vlan, !(1...4094).contains(vlan) { throw ValidationError("--vlan must be 1 to 4094.") }
        if let rules, rules < 0 { throw ValidationError("--rules must be 0 or more.") }
    }

    var settings: HostSettings {
        HostSettings(
            nic: nic, allowsPools: !withoutPools, vlan: vlan, rules: rules, plugin: plugins.plugin,
            pluginFolder: plugins.pluginFolder,
            lcores: lcores, seed: seed)
    }
}
