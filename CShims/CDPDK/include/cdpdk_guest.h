// SPDX-License-Identifier: BSD-3-Clause
//
// What guests come by: vhost-user, and memory that attached processes share.

#ifndef CDPDK_GUEST_H
#define CDPDK_GUEST_H

#include "cdpdk_mbuf.h"

#pragma clang assume_nonnull begin

// ---------------------------------------------------------------------------------------------------------------------
// vhost-user backend (vhost.c): librte_vhost

/// What is wrong with the memory that a guest shares.
typedef enum cdpdk_vhost_fault {
    CDPDK_VHOST_FAULT_NONE,
    /// It said that a file has more than it has.
    CDPDK_VHOST_FAULT_BEYOND_FILE,
    /// The file was cut off.
    CDPDK_VHOST_FAULT_CUT_OFF,
} cdpdk_vhost_fault;

typedef struct cdpdk_vhost_callbacks {
    void *context;
    /// Somebody connected: `device` is a new one, whatever had this number before.
    void (*opened)(void *context, int device);
    /// A guest's rings are ready; called on librte_vhost's thread.
    void (*connected)(void *context, int device);
    /// The guest left or stops its rings. When this returns, `device` must not be used any more.
    void (*disconnected)(void *context, int device);
    /// The guest began, or ceased, to use a ring. Also before it is connected.
    void (*ring_changed)(void *context, int device, uint16_t ring, bool is_enabled);
    /// Nothing more is taken from the connection, which ends: its memory is not what it said. Once for each connection.
    void (*refused)(void *context, int device, cdpdk_vhost_fault fault);
} cdpdk_vhost_callbacks;

/// Serves a vhost-user socket at `path` (server; the path must not exist), or connects to one there (client; again and again). The callbacks'
/// context must live until cdpdk_vhost_unregister returned.
int cdpdk_vhost_register(const char *path, bool is_client, const cdpdk_vhost_callbacks *callbacks);
/// What a connected guest's driver takes (cdpdk_offloads; CDPDK_OFFLOAD_CHAINS: frames beyond one buffer of 1526 bytes).
uint32_t cdpdk_vhost_offloads(int device);
int cdpdk_vhost_unregister(const char *path);
/// Ends a guest's connection, as if it had hung up by itself. Does not wait for that.
void cdpdk_vhost_hang_up(int device);
/// What a poll loop found wrong with the guest's memory; each fault is told once, here or by the callback (vhost_memory.c).
cdpdk_vhost_fault cdpdk_vhost_take_fault(int device);
/// From now on a SIGBUS for a guest's memory does not end the process. Takes the process's handler of that signal, and hands others' on to
/// the one before. Once; -errno.
int cdpdk_vhost_survive_lost_memory(void);
/// The ring is polled: the guest need not kick when it puts something in.
void cdpdk_vhost_quiet(int device, uint16_t queue) CDPDK_HOT;
/// Copies mbufs into the guest's receive ring (virtqueue `queue`, even numbers); the caller keeps and frees the mbufs.
uint16_t cdpdk_vhost_enqueue(int device, uint16_t queue, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count) CDPDK_HOT;
/// Takes frames from the guest's transmit ring (odd numbers) into mbufs of `pool`.
uint16_t cdpdk_vhost_dequeue(int device, uint16_t queue, cdpdk_mempool *pool, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// Memory shared with the processes of attached guests (shared.c)

/// Zeroed memory that every process of the EAL finds by its name; NULL with *error = -errno.
void *_Nullable cdpdk_zone_reserve(const char *name, size_t size, int numa_node, int *error);
/// NULL when there is no such zone, or a smaller one.
void *_Nullable cdpdk_zone_lookup(const char *name, size_t size);
void cdpdk_zone_free(const char *name);

cdpdk_ring *_Nullable cdpdk_ring_lookup(const char *name);
/// Forgets what is inside. Nobody may use the ring meanwhile.
void cdpdk_ring_reset(cdpdk_ring *ring);
/// A ring in memory of this process alone, without a name.
cdpdk_ring *_Nullable cdpdk_ring_create_private(uint32_t capacity, int *error);
void cdpdk_ring_free_private(cdpdk_ring *ring);

/// Every mbuf of a pool, noted while the pool is whole, to judge pointers by and to put the pool together again.
typedef struct cdpdk_pool_map cdpdk_pool_map;

/// Fails for pools that are not kept in a ring.
cdpdk_pool_map *_Nullable cdpdk_pool_map_create(cdpdk_mempool *pool, int *error);
void cdpdk_pool_map_free(cdpdk_pool_map *map);
/// Empties the pool, in whatever state its dead owner left it: mbufs can be freed into it again.
void cdpdk_pool_map_reset(cdpdk_pool_map *map);
/// Puts every mbuf, as new, into the pool. Nobody may touch any of them, or the pool, meanwhile.
int cdpdk_pool_map_rebuild(cdpdk_pool_map *map);

/// Netback's side of an attached guest's slow path: four one-way rings with mbufs of the guest's pool, which `map` describes, and on
/// the way from the guest also of the pool of its VI, which `other` does.
typedef struct cdpdk_guest_rings cdpdk_guest_rings;

/// The rings, and the map, outlive it.
cdpdk_guest_rings *_Nullable cdpdk_guest_rings_create(
    cdpdk_ring *posted, cdpdk_ring *filled, cdpdk_ring *sent, cdpdk_ring *returned, const cdpdk_pool_map *map,
    const cdpdk_pool_map *_Nullable other);
void cdpdk_guest_rings_free(cdpdk_guest_rings *rings);
/// Copies frames into the buffers that the guest posted; how many are dealt with, of which `*too_long` found no buffer of their
/// length. `*foreign` pointers that the guest posted were none of its mbufs.
uint16_t cdpdk_guest_rings_deliver(
    cdpdk_guest_rings *rings, cdpdk_mbuf *_Nullable const *_Nonnull slots, uint16_t count, uint16_t *too_long,
    uint16_t *foreign) CDPDK_HOT;
/// Copies what the guest sent into mbufs of `pool`; how many. `*bad` more were none of its mbufs, or made no sense.
uint16_t cdpdk_guest_rings_collect(
    cdpdk_guest_rings *rings, cdpdk_mempool *pool, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count, uint16_t *bad) CDPDK_HOT;
/// Forgets what is inside. Neither side may use the rings meanwhile.
void cdpdk_guest_rings_reset(cdpdk_guest_rings *rings);

/// Hooks the device behind `port` into one queue pair's bursts in this process, which did not set the queue up.
int cdpdk_soft_device_adopt_queue(uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool);
/// Stops, or starts, one receive and one transmit queue of a real port: stopped, they hold no mbuf. -ENOTSUP where the driver can't.
int cdpdk_queue_pair_stop(uint16_t port, uint16_t queue);
int cdpdk_queue_pair_start(uint16_t port, uint16_t queue);

#pragma clang assume_nonnull end

#endif
