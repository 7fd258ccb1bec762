// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration

extension AccelerationReason.Code {
    /// What the reason means, in a sentence.
    public var meaning: String {
        switch self {
        case .none: "No reason was given."
        case .notWanted: "Nobody asked for acceleration, or it was switched off."
        case .duplicateMAC: "Another vif holds the same MAC address, and a frame can be steered to one of them only."
        case .noFreeVI: "Every VI of the port is in use or in quarantine."
        case .noSteeringForm: "The NIC has no way to tell this guest's frames from others."
        case .ruleRefused: "The driver refused the rule that would steer the guest's frames."
        case .ruleSilent: "The driver took the rule, and then frames that were expected came by neither path."
        case .ruleLeaks: "The driver took the rule, and frames that it names still come by the default queue."
        case .frontendRefused: "The guest's frontend declined the offer of a VI."
        case .versionMismatch: "The host and the guest speak no version of the control protocol in common."
        case .openFailed: "The guest's frontend could not open the VI that it was granted."
        case .timeout: "The guest's frontend did not answer a hand-shake in time."
        case .protocolViolation: "The guest's frontend broke the rules of the control protocol, and is not spoken to any more."
        case .portDown: "The uplink's port is down, has no link, or keeps the VI in quarantine until it is reset."
        case .portReset: "The uplink's port is being reset, and every vif is on the slow path meanwhile."
        case .quota: "The quota of rules or VIs is used up."
        case .pluginRemoved: "The backend's plugin was taken out, or is stuck."
        case .guestGone: "The guest is stopping, or has ended."
        case .trust: "The guest is not trusted with the VI that is left, or its policy is one that only the slow path enforces."
        case .fenceExpired: "The mark between the two paths did not arrive by the slow one in time: the change was undone."
        case .noPlugin: "No backend plugin is loaded, so nobody can accelerate."
        case .noMemory: "The host ran out of memory for what acceleration needs."
        }
    }

    /// What an operator can do.
    public var advice: String {
        switch self {
        case .none: "Look at the daemon's log: viaduct log-level debug has more."
        case .notWanted: "Switch it on: viaduct accelerate VIF on, or accelerate: true in the configuration."
        case .duplicateMAC: "Give each vif a MAC address of its own."
        case .noFreeVI: "Raise virtual-interfaces of the uplink and restart, or switch another vif's acceleration off."
        case .noSteeringForm:
            "Give the vif addresses that are its alone, so that its flows can be steered; or allow vmdq; or use another NIC."
        case .ruleRefused:
            "Read the driver's words: too many rules need lower quotas elsewhere, a missing feature another firmware or NIC."
        case .ruleSilent: "Update the NIC's firmware or the driver; the next form of steering is tried meanwhile."
        case .ruleLeaks: "Check that nothing else programs the NIC (ethtool, another program); update its firmware or the driver."
        case .frontendRefused: "Read the guest's words, and look at its log: it may lack the frontend plugin."
        case .versionMismatch: "Run the same build on both sides."
        case .openFailed: "Look at the guest's log; end it and start it again."
        case .timeout: "Look whether the guest runs and polls; it is tried again when it reconnects."
        case .protocolViolation: "End the guest, which may be faulty or hostile; a new one starts afresh."
        case .portDown: "Look at the cable and the switch port; a VI in quarantine comes back when the daemon restarts."
        case .portReset: "Nothing: acceleration comes back by itself when the port does."
        case .quota: "Raise the vif's quotas.rules, or lower those of others."
        case .pluginRemoved: "Load the plugin again: restart the daemon."
        case .guestGone: "Start the guest again."
        case .trust:
            "Say trusted: true if its guest may map the daemon's memory; leave address-guard, limits and storm-limit out."
        case .fenceExpired: "Nothing: it is tried again. If it comes back often, the guest reads its slow path too slowly."
        case .noPlugin: "Say plugin: accelerated in the configuration, and restart the daemon."
        case .noMemory: "Raise memory.megabytes, or reserve more hugepages, and restart the daemon."
        }
    }
}
