// SPDX-License-Identifier: BSD-3-Clause
//
// The plugin ABI of Viaduct: what an accelerated backend and an accelerated frontend implement, in any language.
//
// A plugin fills a table of hooks; the host (netback or netfront) calls them and offers a table of its own functions. Every
// table starts with the API version that it was written for and its own size, so that either side may be older.
//
// Version rule: a plugin newer than the host is told the host's version (a positive return value) and may come again with an
// older table; a plugin older than the host's oldest supported version is refused with -EPROTO.
//
// Threads: hooks marked HOT run on a polling lcore, once a burst; they must not lock, allocate, log or block. All others run on
// a control-plane thread, never two at once for one device or vif, and never at the same time as a HOT hook of the same device:
// the host takes the HOT hooks away first, waits until no lcore is inside, and puts them back afterwards. The exceptions are
// marked "alongside".
//
// After `remove` has returned, no hook is called again.
//
// A plugin that is part of the host's program hands its table over itself; one that is a shared object exports an entry point
// for each half that it implements: see the end of this file.

#ifndef VIADUCT_ACCEL_H
#define VIADUCT_ACCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIADUCT_ACCEL_API_VERSION 0x00010001u
/// The oldest plugin that this host takes.
#define VIADUCT_ACCEL_API_OLDEST 0x00010000u

#if defined(__clang__)
#define VIADUCT_HOT __attribute__((swift_attr("@_noLocks")))
#else
#define VIADUCT_HOT
#endif

#if defined(__GNUC__)
#define VIADUCT_EXPORT __attribute__((visibility("default")))
#else
#define VIADUCT_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nullable
#define _Nonnull
#endif

/// Slots of a burst: `struct rte_mbuf *[]`.
typedef void *_Nullable *_Nonnull viaduct_mbufs;

/// A guest's paravirtual interface, as both sides' plugins see it.
typedef struct viaduct_vif {
    uint32_t id;
    uint8_t mac[6];
    /// 0 when untagged.
    uint16_t vlan;
    char name[32];
    /// From version 1.1 on: VIADUCT_VIF_* bits.
    uint32_t flags;
    /// From version 1.1 on, for a frontend: the pool that this guest's mbufs come from, which its lcore may allocate from.
    char mempool[32];
} viaduct_vif;

/// The guest's process is of another memory domain: nothing but a device of its own can be granted to it.
#define VIADUCT_VIF_REMOTE 1u

/// What the backend hands to the frontend so that it can open its VI.
typedef struct viaduct_grant {
    uint32_t id;
    /// enum viaduct_grant_kind.
    uint32_t kind;
    /// For a queue pair: the ethdev port of this process, its queues, the name of the pool that belongs to the VI.
    uint16_t port, rx_queue, tx_queue, tx_descriptors;
    /// The VLAN whose tag frames on the VI carry, which the guest knows nothing of: the plugin takes it out of what it receives,
    /// drops what does not have it, and puts it into what it sends. 0 when frames are untagged.
    uint16_t vlan;
    char mempool[32];
    /// For a device: what to hot-plug.
    char devargs[1024];
} viaduct_grant;

enum viaduct_grant_kind { VIADUCT_GRANT_QUEUE_PAIR = 1, VIADUCT_GRANT_DEVICE = 2 };

// ---------------------------------------------------------------------------------------------------------------------
// Frontend

/// A packet's verdict in `transmit`. On entry netfront has written ELIGIBLE, or why it already declines; a plugin may change
/// ELIGIBLE alone.
enum viaduct_verdict {
    VIADUCT_ELIGIBLE = 0,
    /// Posted to the VI: the mbuf is the NIC's.
    VIADUCT_ACCEPTED = 1,
    /// Suitable, but there is no room now. Never a reason to go slow, which would re-order.
    VIADUCT_BUSY = 2,
    /// Values from here on: declined, goes by the slow path.
    VIADUCT_DECLINED_NOT_CONNECTED = 16,
    VIADUCT_DECLINED_GROUP_ADDRESS = 17,
    VIADUCT_DECLINED_PEER_UNKNOWN = 18,
    VIADUCT_DECLINED_FORM = 19,
    VIADUCT_DECLINED_SOURCE = 20,
};

typedef struct viaduct_path_statistics {
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, tx_busy;
    /// Frames that the VI yielded and the plugin did not give out: not of the VI's VLAN.
    uint64_t rx_dropped;
} viaduct_path_statistics;

typedef struct viaduct_frontend_hooks {
    uint32_t api_version, size;
    /// For logs and status; unique.
    const char *name;
    void *plugin;
    /// A guest device may use this plugin. Returns the plugin's state for it, or NULL to refuse.
    void *_Nullable (*_Nonnull new_device)(void *plugin, const viaduct_vif *vif);
    /// Lets go of the device. Everything that `poll` gave out stays valid: it belongs to the host.
    void (*remove)(void *device);
    /// The guest stops (suspend, migration), and goes on. The VI is closed in between.
    void (*suspend)(void *device);
    void (*resume)(void *device);
    /// Opens the granted VI (grant given; 0 or -errno), or closes the open one (NULL; always 0).
    int (*backend_changed)(void *device, const viaduct_grant *_Nullable grant);
    /// HOT. Up to `capacity` mbufs that the VI received, now the host's.
    uint16_t (*poll)(void *device, viaduct_mbufs mbufs, uint16_t capacity) VIADUCT_HOT;
    /// HOT. Offers a burst in order; writes a verdict for each ELIGIBLE packet. A packet behind a BUSY one must be BUSY, too,
    /// or declined.
    void (*transmit)(void *device, viaduct_mbufs mbufs, uint8_t *verdicts, uint16_t count) VIADUCT_HOT;
    /// HOT. Whether everything that was accepted has left the VI: 1, 0, or -ENOTSUP.
    int (*transmit_done)(void *device) VIADUCT_HOT;
    /// HOT. Nanoseconds on the VI's own clock, by which a settle time is measured; 0 when it is not known now. A reading is no older
    /// than the return of the reading before it, and when one is given, everything that the VI delivered until then was yielded by
    /// `poll`, or will be by its next call.
    uint64_t (*clock)(void *device) VIADUCT_HOT;
    /// HOT. The lcore wants to sleep: asks the VI for a wake-up; true when there is work already, so that it must not sleep.
    bool (*arm_wakeup)(void *device) VIADUCT_HOT;
    void (*disarm_wakeup)(void *device) VIADUCT_HOT;
    /// HOT. Whether the VI is open and may be polled.
    bool (*is_ready)(void *device) VIADUCT_HOT;
    /// Alongside. Also called once before each `remove`.
    void (*statistics)(void *device, viaduct_path_statistics *statistics);
} viaduct_frontend_hooks;

// ---------------------------------------------------------------------------------------------------------------------
// Backend

/// What netback's slow path tells a backend plugin about one vif.
enum viaduct_path_event {
    /// The guest's slow path is up; down.
    VIADUCT_PATH_GUEST_CONNECTED = 1,
    VIADUCT_PATH_GUEST_GONE = 2,
    /// Frames for the vif's MAC from the default queue are held from now on; are no longer, and all of them are delivered.
    VIADUCT_PATH_HELD = 3,
    VIADUCT_PATH_RELEASED = 4,
    /// The fence with that sequence number (argument) is in every slow queue pair.
    VIADUCT_PATH_FENCE_SENT = 5,
    /// Everything that the guest sent by the slow path before its fence (argument: sequence number) is on the wire.
    VIADUCT_PATH_TRANSMIT_FENCE = 6,
    /// Frames for the vif's MAC from the default queue go to its software VI from now on; do not any more.
    VIADUCT_PATH_STEERED = 7,
    VIADUCT_PATH_UNSTEERED = 8,
    /// Frames of the flows that `hold_flows` named are held from now on; are no longer, and all of them are delivered.
    VIADUCT_PATH_FLOWS_HELD = 9,
    VIADUCT_PATH_FLOWS_RELEASED = 10,
    /// The process of an attached guest has ended, or will at once: its answers need not be waited for. Nobody else is granted
    /// its VI before netback has taken that back.
    VIADUCT_PATH_GUEST_DIED = 11,
};

/// Frames to one IP address and port, for the vif's MAC. Also those that a NIC may only take for it: with IPv4 options, IPv6
/// extension headers, and first fragments.
typedef struct viaduct_flow {
    /// In network order; an IPv4 address has the first four octets.
    uint8_t address[16];
    uint16_t port;
    /// 4 or 6.
    uint8_t ip_version;
    /// 6 or 17: TCP, UDP.
    uint8_t protocol;
} viaduct_flow;

/// Most flows that one `hold_flows` takes.
#define VIADUCT_HELD_FLOWS 32

/// A VI made in software, for ports that cannot steer: two one-way rings (`struct rte_ring`, single producer, single consumer)
/// between netback's lane and the guest's lcore, which polls them as a port of its own. Netback hands its own mbufs over, so
/// only a guest inside netback's process may have one.
typedef struct viaduct_soft_vi {
    /// Netback produces. A frame that finds it full is a counted drop, as with hardware.
    void *to_guest;
    /// Netback consumes: each frame goes to the uplink, in order, together with what the slow path sends.
    void *from_guest;
    /// An atomic counter that netback alone adds to, with release order: frames of `from_guest` that are in the uplink's outbox
    /// (or dropped) so far. Never set back.
    uint64_t *settled;
} viaduct_soft_vi;

/// A vif's acceleration as status shows it.
typedef struct viaduct_vif_status {
    /// enum AccelerationState's order: none, offered, granted, proving, connected, draining, refused, quarantined.
    uint32_t state;
    /// The steering form in use: 'A' to 'F', or 0.
    uint32_t form;
    uint32_t reason_code;
    char reason[256];
} viaduct_vif_status;

/// What netback offers to a backend plugin. Any control-plane thread may call, from inside a hook, too; none of these blocks or
/// calls a hook. Those that return an int return 0, -EAGAIN when there is no room now (call again later), -ENOENT for an unknown
/// vif. They take effect in the order of the calls; each `hold`, `release`, `steer` and `unsteer` that returned 0 is answered by
/// exactly one event, also when the guest has gone meanwhile.
typedef struct viaduct_backend_host {
    uint32_t api_version, size;
    void *host;
    /// Sends an encoded control message to the vif's frontend: 0, -EAGAIN when the link is full, -EPIPE when it is closed.
    int (*send)(void *host, uint32_t vif, const uint8_t *bytes, size_t length);
    /// Holds, and releases, frames for the vif's MAC that the default queue receives. Events: HELD, RELEASED.
    int (*hold)(void *host, uint32_t vif);
    int (*release)(void *host, uint32_t vif);
    /// Puts a fence behind everything that the default queue received until `settle_ns` (on the port's clock) from now. Event:
    /// FENCE_SENT.
    int (*fence)(void *host, uint32_t vif, uint32_t sequence, uint64_t settle_ns);
    /// The nonce that fences of this vif carry in both directions; 0: none are expected.
    int (*set_fence_nonce)(void *host, uint32_t vif, uint64_t nonce);
    void (*report)(void *host, uint32_t vif, const viaduct_vif_status *status);
    /// Moves frames for the vif's MAC from the default queue into `vi->to_guest` (before the hold, which keeps only what goes by
    /// the slow path); stops it. `from_guest` is served from `steer` until neither steering nor a hold is in force, so what a
    /// planned way back still has to send goes out; then netback touches the rings no more. `*vi` is copied.
    /// Events: STEERED, UNSTEERED.
    int (*steer)(void *host, uint32_t vif, const viaduct_soft_vi *vi);
    int (*unsteer)(void *host, uint32_t vif);
    /// Holds frames of these flows for the vif's MAC that the default queue receives, in a hold of their own, and hands them out
    /// again: at most VIADUCT_HELD_FLOWS, and one such hold at a time (-EBUSY). Events: FLOWS_HELD, FLOWS_RELEASED.
    int (*hold_flows)(void *host, uint32_t vif, const viaduct_flow *flows, uint32_t count);
    int (*release_flows)(void *host, uint32_t vif);
} viaduct_backend_host;

typedef struct viaduct_backend_hooks {
    uint32_t api_version, size;
    const char *name;
    void *plugin;
    /// Before anything else: the host's functions, which stay valid until `detach` returned.
    int (*attach)(void *plugin, const viaduct_backend_host *host);
    void (*detach)(void *plugin);
    /// A vif that wants acceleration. Returns the plugin's state for it, or NULL to refuse it.
    void *_Nullable (*_Nonnull probe)(void *plugin, const viaduct_vif *vif);
    /// Lets go of the vif at once. A VI that its frontend still has open cannot be given to anybody else until the port restarts,
    /// so first say that acceleration is not wanted and wait, for a while, until a report says none, refused or quarantined.
    void (*remove)(void *vif);
    /// Acceleration of the vif is wanted from now on, or not. A vif is not wanted at first.
    void (*want)(void *vif, bool wanted);
    /// HOT. What the default queue received, before it is switched: to be looked at, never taken.
    void (*received_from_wire)(void *plugin, viaduct_mbufs mbufs, uint16_t count) VIADUCT_HOT;
    /// HOT. What the slow path is about to send to the wire: to be looked at, never taken.
    void (*transmitted_to_wire)(void *plugin, viaduct_mbufs mbufs, uint16_t count) VIADUCT_HOT;
    /// Alongside: a control message of the vif's frontend, copied out of shared memory and not yet checked.
    void (*control_message)(void *vif, const uint8_t *bytes, size_t length);
    /// Alongside: enum viaduct_path_event.
    void (*path_event)(void *vif, uint32_t event, uint64_t argument);
    /// Alongside: the set of MACs that are local to this host changed (FDB, vifs).
    void (*local_addresses)(void *plugin, uint64_t generation, const uint64_t *macs, size_t count);
    /// Alongside: the port is about to stop (reset), and runs again.
    void (*port_suspended)(void *plugin);
    void (*port_resumed)(void *plugin);
    void (*link_changed)(void *plugin, bool is_up);
    /// Alongside: about once a millisecond, with a monotonic clock.
    void (*tick)(void *plugin, uint64_t now_ns);
} viaduct_backend_hooks;

// ---------------------------------------------------------------------------------------------------------------------
// Calls of HOT hooks, for hosts written in Swift: `@_noLocks` code cannot call through a pointer itself.

static inline uint16_t viaduct_call_poll(
    const viaduct_frontend_hooks *hooks, void *device, viaduct_mbufs mbufs, uint16_t capacity) VIADUCT_HOT {
    return hooks->poll(device, mbufs, capacity);
}
static inline void viaduct_call_transmit(
    const viaduct_frontend_hooks *hooks, void *device, viaduct_mbufs mbufs, uint8_t *verdicts, uint16_t count) VIADUCT_HOT {
    hooks->transmit(device, mbufs, verdicts, count);
}
static inline int viaduct_call_transmit_done(const viaduct_frontend_hooks *hooks, void *device) VIADUCT_HOT {
    return hooks->transmit_done(device);
}
static inline uint64_t viaduct_call_clock(const viaduct_frontend_hooks *hooks, void *device) VIADUCT_HOT {
    return hooks->clock(device);
}
static inline bool viaduct_call_is_ready(const viaduct_frontend_hooks *hooks, void *device) VIADUCT_HOT {
    return hooks->is_ready(device);
}
static inline bool viaduct_call_arm_wakeup(const viaduct_frontend_hooks *hooks, void *device) VIADUCT_HOT {
    return hooks->arm_wakeup(device);
}
static inline void viaduct_call_disarm_wakeup(const viaduct_frontend_hooks *hooks, void *device) VIADUCT_HOT {
    hooks->disarm_wakeup(device);
}
static inline void viaduct_call_received_from_wire(
    const viaduct_backend_hooks *hooks, viaduct_mbufs mbufs, uint16_t count) VIADUCT_HOT {
    hooks->received_from_wire(hooks->plugin, mbufs, count);
}
static inline void viaduct_call_transmitted_to_wire(
    const viaduct_backend_hooks *hooks, viaduct_mbufs mbufs, uint16_t count) VIADUCT_HOT {
    hooks->transmitted_to_wire(hooks->plugin, mbufs, count);
}

// ---------------------------------------------------------------------------------------------------------------------
// Shared objects
//
// A plugin of its own, in any language, is a file `libNAME.so` in the one folder that the host is configured with. It defines one
// or both of these functions, as C functions of default visibility; a half that it does not define stays empty.
//
// The version rule here: the host tells its version first. A plugin that is newer than that answers with a table of the host's
// version, if it still has one, or with NULL; a table that is newer than what was asked for is refused. An older plugin answers with
// the table that it has, and the host decides whether that is too old. So a plugin never needs to know the future, and a
// refused plugin may be asked again.
//
// The host looks up the functions by name in this file and what it was linked with; nothing else sees them (RTLD_LOCAL). It never
// closes the file, and never opens another one under the same path: a new build is loaded under a new file name. Unloading is `remove` and
// `detach`; the code stays.

/// Gives the table of hooks of the backend half.
///
/// Called on a control-plane thread, before anything else, as often as the plugin is looked up. It must not start anything: that
/// is what `attach` and `new_device` are for.
///
/// - host_version: VIADUCT_ACCEL_API_VERSION of the host; the table must not be newer.
/// - reason: set it to why there is no table, when there is none: one line, valid for the life of the process.
///
/// Returns a table that stays as it is for the life of the process, or NULL.
VIADUCT_EXPORT const viaduct_backend_hooks *_Nullable viaduct_backend_plugin(
    uint32_t host_version, const char *_Nullable *_Nonnull reason);

/// Likewise for the frontend half.
VIADUCT_EXPORT const viaduct_frontend_hooks *_Nullable viaduct_frontend_plugin(
    uint32_t host_version, const char *_Nullable *_Nonnull reason);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif

#endif
