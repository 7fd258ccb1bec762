// SPDX-License-Identifier: BSD-3-Clause
//
// What netback shares with the process of an attached guest: zones found by name, the rings of a slow path, and pools that are
// put together again when their owner died with them in its hands.
#include "uninstrumented_begin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_memzone.h>
#include <rte_ring.h>

#include <rte_ethdev.h>

#include "device_ops.h"
#include "sanitizers.h"

void *cdpdk_zone_reserve(const char *name, size_t size, int numa_node, int *error) {
    const struct rte_memzone *zone = rte_memzone_reserve(name, size, numa_node, 0);
    *error = zone == NULL ? -rte_errno : 0;
    if (zone == NULL) return NULL;
    memset(zone->addr, 0, zone->len);
    return zone->addr;
}

void *cdpdk_zone_lookup(const char *name, size_t size) {
    const struct rte_memzone *zone = rte_memzone_lookup(name);
    return zone == NULL || zone->len < size ? NULL : zone->addr;
}

void cdpdk_zone_free(const char *name) {
    const struct rte_memzone *zone = rte_memzone_lookup(name);
    if (zone != NULL) rte_memzone_free(zone);
}

cdpdk_ring *cdpdk_ring_lookup(const char *name) { return (cdpdk_ring *)rte_ring_lookup(name); }
void cdpdk_ring_reset(cdpdk_ring *ring) { rte_ring_reset((struct rte_ring *)ring); }

cdpdk_ring *cdpdk_ring_create_private(uint32_t capacity, int *error) {
    // rte_ring_init takes a power of two, and keeps one slot for itself.
    uint32_t size = 2;
    while (size < capacity + 1 && size < 1u << 30) size <<= 1;
    ssize_t bytes = rte_ring_get_memsize(size);
    struct rte_ring *ring = bytes < 0 ? NULL : aligned_alloc(RTE_CACHE_LINE_SIZE, ((size_t)bytes + 127) / 128 * 128);
    *error = bytes < 0 ? (int)bytes : ring == NULL ? -ENOMEM : 0;
    if (ring == NULL) return NULL;
    *error = rte_ring_init(ring, "private", size, RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (*error != 0) {
        free(ring);
        return NULL;
    }
    return (cdpdk_ring *)ring;
}

void cdpdk_ring_free_private(cdpdk_ring *ring) { free(ring); }

// ---------------------------------------------------------------------------------------------------------------------
// Pools whose owner may die

struct cdpdk_pool_map {
    struct rte_mempool *pool;
    uint32_t count, noted;
    /// In this process's own memory: what the pool's list of objects says later is its owner's to write.
    struct rte_mbuf **objects;
    /// One bit for each cache line from the lowest object on: whether an object begins there.
    uint64_t *starts;
    uintptr_t lowest, lines;
    uint16_t room;
    uint16_t private_size;
};

static void note_object(struct rte_mempool *pool, void *context, void *object, unsigned int index) {
    (void)pool, (void)index;
    cdpdk_pool_map *map = context;
    if (map->noted < map->count) map->objects[map->noted] = object;
    map->noted++;
}

cdpdk_pool_map *cdpdk_pool_map_create(cdpdk_mempool *handle, int *error) {
    struct rte_mempool *pool = (struct rte_mempool *)handle;
    *error = -EINVAL;
    // The common pool is a ring that can be emptied in whatever state a dead owner left it.
    const char *ops = rte_mempool_get_ops(pool->ops_index)->name;
    if (strncmp(ops, "ring_", 5) != 0) return NULL;
    *error = -ENOMEM;
    cdpdk_pool_map *map = calloc(1, sizeof *map);
    if (map == NULL) return NULL;
    map->pool = pool;
    map->count = pool->size;
    map->room = rte_pktmbuf_data_room_size(pool);
    map->private_size = rte_pktmbuf_priv_size(pool);
    map->objects = calloc(map->count, sizeof *map->objects);
    if (map->objects == NULL) goto failed;
    rte_mempool_obj_iter(pool, note_object, map);
    if (map->noted != map->count) goto failed;
    map->lowest = UINTPTR_MAX;
    uintptr_t highest = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        uintptr_t address = (uintptr_t)map->objects[i];
        if (address < map->lowest) map->lowest = address;
        if (address > highest) highest = address;
    }
    map->lines = (highest - map->lowest) / RTE_CACHE_LINE_SIZE + 1;
    map->starts = calloc((map->lines + 63) / 64, sizeof *map->starts);
    if (map->starts == NULL) goto failed;
    for (uint32_t i = 0; i < map->count; i++) {
        uintptr_t line = ((uintptr_t)map->objects[i] - map->lowest) / RTE_CACHE_LINE_SIZE;
        map->starts[line / 64] |= 1ULL << (line % 64);
    }
    *error = 0;
    return map;
failed:
    cdpdk_pool_map_free(map);
    return NULL;
}

void cdpdk_pool_map_free(cdpdk_pool_map *map) {
    free(map->objects);
    free(map->starts);
    free(map);
}

/// Whether `address` is where an mbuf of the pool begins.
static inline bool is_object(const cdpdk_pool_map *map, const void *address) {
    uintptr_t offset = (uintptr_t)address - map->lowest;
    uintptr_t line = offset / RTE_CACHE_LINE_SIZE;
    return offset % RTE_CACHE_LINE_SIZE == 0 && line < map->lines && (map->starts[line / 64] >> (line % 64) & 1) != 0;
}

void cdpdk_pool_map_reset(cdpdk_pool_map *map) {
    struct rte_mempool *pool = map->pool;
    rte_ring_reset(pool->pool_data);
    if (pool->cache_size != 0)
        for (unsigned int lcore = 0; lcore < RTE_MAX_LCORE; lcore++) pool->local_cache[lcore].len = 0;
}

int cdpdk_pool_map_rebuild(cdpdk_pool_map *map) {
    cdpdk_pool_map_reset(map);
    for (uint32_t i = 0; i < map->count; i++) {
        void *object = map->objects[i];
#ifdef CDPDK_ASAN
        __asan_unpoison_memory_region((char *)object + sizeof(struct rte_mbuf) + map->private_size, map->room);
#endif
        rte_pktmbuf_init(map->pool, NULL, object, i);
        int result = rte_mempool_ops_enqueue_bulk(map->pool, &object, 1);
        if (result != 0) return result;
    }
    shim_release(map->pool);
    return 0;
}

// ---------------------------------------------------------------------------------------------------------------------
// The slow path of an attached guest: netback's side

struct cdpdk_guest_rings {
    struct rte_ring *posted, *filled, *sent, *returned;
    const cdpdk_pool_map *map;
    /// Of the VI's pool, or NULL: a guest forwards by either path what came by the other.
    const cdpdk_pool_map *other;
};

enum { BATCH = 32 };

cdpdk_guest_rings *cdpdk_guest_rings_create(
    cdpdk_ring *posted, cdpdk_ring *filled, cdpdk_ring *sent, cdpdk_ring *returned, const cdpdk_pool_map *map,
    const cdpdk_pool_map *other) {
    cdpdk_guest_rings *rings = calloc(1, sizeof *rings);
    if (rings == NULL) return NULL;
    *rings = (cdpdk_guest_rings){
        .posted = (struct rte_ring *)posted, .filled = (struct rte_ring *)filled, .sent = (struct rte_ring *)sent,
        .returned = (struct rte_ring *)returned, .map = map,
        .other = other,
    };
    return rings;
}

void cdpdk_guest_rings_free(cdpdk_guest_rings *rings) { free(rings); }

/// Where an mbuf's buffer is, by what this process knows: the mbuf's own fields are its owner's to write.
static inline char *buffer_of(const cdpdk_pool_map *map, struct rte_mbuf *mbuf) {
    return (char *)mbuf + sizeof *mbuf + map->private_size;
}

/// Copies a frame of ours into a buffer of the guest's; false when it is longer than that.
static bool fill(const cdpdk_pool_map *map, struct rte_mbuf *target, const struct rte_mbuf *frame) {
    uint32_t length = frame->pkt_len;
    uint16_t offset = RTE_PKTMBUF_HEADROOM;
    if (length > map->room) return false;
    if (offset > map->room - length) offset = (uint16_t)(map->room - length);
    char *bytes = buffer_of(map, target) + offset;
    uint32_t copied = 0;
    for (const struct rte_mbuf *segment = frame; segment != NULL && copied < length; segment = segment->next) {
        uint32_t piece = RTE_MIN((uint32_t)segment->data_len, length - copied);
        rte_memcpy(bytes + copied, rte_pktmbuf_mtod(segment, const char *), piece);
        copied += piece;
    }
    target->data_off = offset;
    target->nb_segs = 1;
    target->next = NULL;
    target->ol_flags = 0;
    target->packet_type = 0;
    target->port = RTE_MBUF_PORT_INVALID;
    target->data_len = (uint16_t)copied;
    target->pkt_len = copied;
    return true;
}

uint16_t cdpdk_guest_rings_deliver(
    cdpdk_guest_rings *rings, cdpdk_mbuf *const *slots, uint16_t count, uint16_t *too_long, uint16_t *foreign) {
    void *posted[BATCH];
    void *filled[BATCH];
    uint16_t done = 0;
    *too_long = 0;
    *foreign = 0;
    uint32_t room = rte_ring_free_count(rings->filled);
    // A guest that posts what is no buffer costs a bounded time.
    for (int turn = 0; turn < 2 * BATCH && done < count && room > 0; turn++) {
        uint32_t wanted = RTE_MIN(RTE_MIN((uint32_t)(count - done), room), (uint32_t)BATCH);
        uint32_t got = rte_ring_sc_dequeue_burst(rings->posted, posted, wanted, NULL);
        if (got == 0) break;
        uint32_t ready = 0;
        for (uint32_t i = 0; i < got; i++) {
            if (!is_object(rings->map, posted[i])) {
                (*foreign)++;
                continue;
            }
            struct rte_mbuf *target = posted[i];
            shim_acquire_mbufs((cdpdk_mbuf **)(void *)&posted[i], 1);
            // A frame that is too long for every buffer is skipped; the buffer serves the next one.
            while (done < count && !fill(rings->map, target, (const struct rte_mbuf *)slots[done])) {
                (*too_long)++;
                done++;
            }
            if (done == count) {
                // Nothing is left for it: an empty frame tells the guest to post it again.
                target->data_len = 0;
                target->pkt_len = 0;
                target->nb_segs = 1;
                target->next = NULL;
            } else {
                done++;
            }
            filled[ready++] = target;
        }
        shim_release_mbufs((cdpdk_mbuf **)(void *)filled, ready);
        rte_ring_sp_enqueue_burst(rings->filled, filled, ready, NULL);
        room -= ready;
    }
    return done;
}

/// Copies a guest's frame, whose every field is read once, into an empty mbuf of ours; false when it makes no sense.
static bool take(const cdpdk_pool_map *map, struct rte_mbuf *target, struct rte_mbuf *frame) {
    uint32_t offset = *(volatile uint16_t *)&frame->data_off;
    uint32_t length = *(volatile uint16_t *)&frame->data_len;
    if (*(volatile uint16_t *)&frame->nb_segs != 1 || *(volatile uint32_t *)&frame->pkt_len != length) return false;
    if (length == 0 || length > map->room || offset > map->room - length) return false;
    if (length > rte_pktmbuf_tailroom(target)) return false;
    rte_memcpy(rte_pktmbuf_mtod(target, char *), buffer_of(map, frame) + offset, length);
    target->data_len = (uint16_t)length;
    target->pkt_len = length;
    return true;
}

uint16_t cdpdk_guest_rings_collect(
    cdpdk_guest_rings *rings, cdpdk_mempool *pool, cdpdk_mbuf **slots, uint16_t count, uint16_t *bad) {
    void *sent[BATCH];
    *bad = 0;
    uint32_t wanted = RTE_MIN((uint32_t)count, (uint32_t)BATCH);
    wanted = RTE_MIN(wanted, rte_ring_count(rings->sent));
    // What is taken can be given back at once.
    wanted = RTE_MIN(wanted, rte_ring_free_count(rings->returned));
    if (wanted == 0) return 0;
    struct rte_mbuf **targets = (struct rte_mbuf **)(void *)slots;
    if (rte_pktmbuf_alloc_bulk((struct rte_mempool *)pool, targets, wanted) != 0) return 0;
    shim_acquire_mbufs(slots, wanted);
    uint32_t got = rte_ring_sc_dequeue_burst(rings->sent, sent, wanted, NULL);
    uint16_t taken = 0;
    uint32_t known = 0;
    for (uint32_t i = 0; i < got; i++) {
        const cdpdk_pool_map *map = is_object(rings->map, sent[i]) ? rings->map
            : rings->other != NULL && is_object(rings->other, sent[i]) ? rings->other : NULL;
        if (map == NULL) {
            (*bad)++;
            continue;
        }
        struct rte_mbuf *frame = sent[i];
        shim_acquire_mbufs((cdpdk_mbuf **)(void *)&sent[i], 1);
        if (take(map, targets[taken], frame)) {
            taken++;
        } else {
            (*bad)++;
        }
        sent[known++] = frame;
    }
    shim_release_mbufs((cdpdk_mbuf **)(void *)sent, known);
    rte_ring_sp_enqueue_burst(rings->returned, sent, known, NULL);
    if (taken < wanted) cdpdk_mbuf_free_bulk(slots + taken, wanted - taken);
    return taken;
}

void cdpdk_guest_rings_reset(cdpdk_guest_rings *rings) {
    rte_ring_reset(rings->posted);
    rte_ring_reset(rings->filled);
    rte_ring_reset(rings->sent);
    rte_ring_reset(rings->returned);
}

// ---------------------------------------------------------------------------------------------------------------------
// A device in software, from the process of a guest that owns one of its queue pairs

int cdpdk_soft_device_adopt_queue(uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool) {
    if (soft_device(port) == NULL || !rte_eth_dev_is_valid_port(port)) return -ENODEV;
    int result = soft_device_hook_receive(port, queue, descriptors, pool, true);
    return result != 0 ? result : soft_device_hook_transmit(port, queue);
}

int cdpdk_queue_pair_stop(uint16_t port, uint16_t queue) {
    int result = rte_eth_dev_rx_queue_stop(port, queue);
    if (result == 0) result = rte_eth_dev_tx_queue_stop(port, queue);
    return result;
}

int cdpdk_queue_pair_start(uint16_t port, uint16_t queue) {
    int result = rte_eth_dev_tx_queue_start(port, queue);
    if (result == 0) result = rte_eth_dev_rx_queue_start(port, queue);
    return result;
}

#include "uninstrumented_end.h"
