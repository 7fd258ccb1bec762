// SPDX-License-Identifier: BSD-3-Clause
import Control
import SoftNIC

/// What an operator chooses of an embedded host.
struct HostSettings: Sendable, Equatable {
    /// Which family the NIC in software imitates.
    var nic = Personality.sfc
    /// Whether VMDq pools may be used.
    var allowsPools = true
    /// The guest's VLAN on the uplink.
    var vlan: UInt16?
    /// Flow rules that the guest may have; nil for as many as the port takes.
    var rules: Int?
    var plugin = PluginKind.accelerated
    /// Where plugins are that are files.
    var pluginFolder: String?
    var lcores = LcorePlan.split
    /// Of the NIC's random delays.
    var seed: UInt64 = 1
}
