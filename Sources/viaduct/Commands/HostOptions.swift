// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser

/// The host around a guest, whatever its uplink is.
struct HostOptions: ParsableArguments {
    @OptionGroup var nic: NICOptions
    @Option(help: "The guest's VLAN on the uplink, 1 to 4094; otherwise its frames are untagged there.")
    var vlan: UInt16?
    @Option(help: "Flow rules that the guest may have in the NIC; as many as that takes when not given.")
    var rules: Int?
    @OptionGroup var plugins: PluginOptions
    @Flag(help: "Log what happens, and print all counters at the end, on standard error.")
    var verbose = false

    func validate() throws {
        if let vlan, !(1...4094).contains(vlan) { throw ValidationError("--vlan must be 1 to 4094.") }
        if let rules, rules < 0 { throw ValidationError("--rules must be 0 or more.") }
    }

    /// Whether something is asked for that a host in another process decides.
    var areAboutTheHost: Bool { vlan != nil || rules != nil || plugins.plugin != .accelerated || plugins.pluginFolder != nil }

    var settings: HostSettings {
        HostSettings(
            nic: nic.family, allowsPools: !nic.withoutPools, vlan: vlan, rules: rules, plugin: plugins.plugin,
            pluginFolder: plugins.pluginFolder,
            lcores: nic.lcores, seed: nic.seed)
    }
}
