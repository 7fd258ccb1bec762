// SPDX-License-Identifier: BSD-3-Clause
public import Acceleration
public import CViaductAccel
public import DPDK
public import Dataplane
public import Logging

/// A learning switch between an uplink and the vifs of guests, which reach it by vhost-user: the slow path, and the host of a
/// plugin that adds a fast one.
///
/// Frames are moved by one poller in a poll loop; everything here is for the control plane, any thread.
public final class Netback: @unchecked Sendable {
    // SAFETY (@unchecked Sendable): what is behind it has its own locks; the references never change.
    /// Resets the port behind the uplink and starts it again as it was; see `Port.reset(whileDown:)`, to which its argument goes.
    public typealias PortReset = @Sendable (_ whileDown: () throws(DPDKError) -> Void) throws(DPDKError) -> Void

    private let control: ControlPlane
    private let thread: ControlThread

    /// Starts switching, with no vif yet.
    ///
    /// - Parameters:
    ///   - uplink: the default queue pair of a started port; this netback's alone until ``stop()``.
    ///   - pool: for what guests send and for copies; lives until ``stop()`` returned, as do the port and the group's loops.
    ///   - loop: which of the group's poll loops runs this netback.
    ///   - resetPort: what is called when the port asks for a reset: on netback's own thread, while neither this netback nor a guest
    ///     uses the port, and not after ``stop()``. Again and again, with growing pauses, while it throws. Without it such a port stays out
    ///     of use.
    public init(
        _ configuration: NetbackConfiguration, uplink: QueuePair, pool: MempoolHandle, group: PollGroup, loop: Int,
        resetPort: PortReset? = nil, logger: Logger
    ) throws(NetbackError) {
        let control = try ControlPlane(
            configuration, uplink: uplink, pool: pool, group: group, loop: loop, resetPort: resetPort, logger: logger)
        self.control = control
        thread = ControlThread(name: "netback", intervalMicroseconds: 1000) { control.tick() }
    }

    deinit { stop() }

    /// Listens for a guest; the vif's number, which is never used again.
    ///
    /// - Parameter link: the backend's end of the vif's control link, if it may be accelerated.
    public func addVif(_ vif: VifConfiguration, link: (any ControlLink)?) throws(NetbackError) -> UInt32 {
        try control.addVif(vif, link: link)
    }

    /// Disconnects the guest and frees everything of the vif. When this returns normally nothing of it is in use.
    public func removeVif(_ id: UInt32) throws(NetbackError) { try control.removeVif(id) }

    /// Lets a plugin accelerate the vifs; those that are there, and those to come. One at a time.
    ///
    /// - Parameter hooks: is copied; the functions and the state behind it stay valid until ``unloadPlugin(within:)`` returned.
    /// - Throws: ``NetbackError/laneStuck`` while a hook of an earlier plugin does not return;
    ///   ``NetbackError/pluginTooNew(plugin:host:)`` tells the version of a table that would be taken.
    @unsafe
    public func loadPlugin(_ hooks: UnsafePointer<viaduct_backend_hooks>) throws(NetbackError) {
        unsafe try control.loadPlugin(hooks)
    }

    /// Takes the plugin out of service. When this returned, or threw, no hook of it is called any more; when it threw
    /// ``NetbackError/pluginStuck(name:)``, one of them has not returned yet.
    ///
    /// - Parameter milliseconds: how long vifs have to come back to the slow path in order; those that have not are taken off their VIs, with
    ///   the frames that are in them. Without it ``NetbackConfiguration/withdrawalLimitMilliseconds``.
    public func unloadPlugin(within milliseconds: Int? = nil) throws(NetbackError) {
        try control.unloadPlugin(within: milliseconds)
    }

    /// Whether a plugin may accelerate the vif. A vif that is gone is ignored.
    public func setAcceleration(_ wanted: Bool, vif: UInt32) { control.setAcceleration(wanted, vif: vif) }

    /// Changes what a vif's guest may do, under traffic: no frame is lost for it, other vifs are not touched, and limits begin anew, each
    /// with a whole burst. When this returns, frames are judged by the new policy.
    ///
    /// A vif that is accelerated and may not be any more comes back to the slow path first, as planned, which takes a while; one that
    /// may be again is accelerated again. What a vif learned beyond a lower limit is forgotten by ageing.
    ///
    /// - Throws: ``NetbackError/invalidPolicy(_:vif:)`` or ``NetbackError/unknownVif(_:)`` with everything as it was;
    ///   ``NetbackError/pluginStuck(name:)`` with the policy in force and the plugin leaked.
    public func setPolicy(_ policy: VifPolicy, vif: UInt32) throws(NetbackError) { try control.setPolicy(policy, vif: vif) }

    /// In the order in which they were added.
    public var vifs: [VifStatus] { control.statuses }

    /// Whether the port can be used, and what happened to it.
    public var port: PortStatus { control.portStatus }

    /// What the switch counted, by name. Each reason to drop a frame is one of ``dropReasons``.
    public var counters: [String: UInt64] { control.counters }

    /// What the switch knows now, by VLAN and address. The table goes on changing while it is copied: an address that moves or goes in
    /// that moment may be missed, none comes twice.
    ///
    /// - Throws: ``NetbackError/stopped``, ``NetbackError/laneStuck``.
    public func forwardingTable() throws(NetbackError) -> [ForwardingEntry] { try control.forwardingTable() }

    /// How the acceleration of a vif changed, the oldest first: the last 64 changes. Nothing for a vif that is gone.
    public func accelerationHistory(vif: UInt32) -> [AccelerationChange] { control.directory.history(of: vif) }

    /// How long its changes of path took, all that there were. nil for a vif that is gone.
    public func switchDurations(vif: UInt32) -> (toFast: SwitchDurations, toSlow: SwitchDurations)? {
        control.directory.durations(of: vif)
    }

    /// The names of the counters that count dropped frames.
    public static var dropReasons: [String] { PathCounter.allCases.filter(\.isDrop).map(\.name) }

    /// Those of them that a vif counts, by the direction of the frame.
    public static var dropReasonsToGuest: [String] { PathCounter.allCases.filter(\.isDropToGuest).map(\.name) }
    public static var dropReasonsFromGuest: [String] { PathCounter.allCases.filter(\.isDropFromGuest).map(\.name) }

    /// Mbufs that may wait at most for one queue pair of a guest whose vring is full: what a pool needs for each, besides.
    public static var waitingMbufs: Int { GuestOutbox.limit }

    /// Ends all service: the plugin is unloaded, guests are disconnected, mbufs are freed. Further calls do nothing.
    public func stop() {
        control.stop()
        thread.stop()
    }
}
