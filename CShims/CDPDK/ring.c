// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_ring.h>

#include "sanitizers.h"

cdpdk_ring *cdpdk_ring_create(const char *name, uint32_t capacity, int numa_node, int *error) {
    struct rte_ring *ring =
        rte_ring_create(name, capacity, numa_node, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
    *error = ring == NULL ? -rte_errno : 0;
    return (cdpdk_ring *)ring;
}

void cdpdk_ring_free(cdpdk_ring *ring) { rte_ring_free((struct rte_ring *)ring); }
uint32_t cdpdk_ring_count(const cdpdk_ring *ring) { return rte_ring_count((const struct rte_ring *)ring); }
uint32_t cdpdk_ring_free_count(const cdpdk_ring *ring) { return rte_ring_free_count((const struct rte_ring *)ring); }

uint32_t cdpdk_ring_enqueue(cdpdk_ring *ring, cdpdk_mbuf **slots, uint32_t count) {
    shim_release_mbufs(slots, count);
    return rte_ring_sp_enqueue_burst((struct rte_ring *)ring, (void *const *)slots, count, NULL);
}

uint32_t cdpdk_ring_dequeue(cdpdk_ring *ring, cdpdk_mbuf **slots, uint32_t count) {
    uint32_t taken = rte_ring_sc_dequeue_burst((struct rte_ring *)ring, (void **)slots, count, NULL);
    shim_acquire_mbufs(slots, taken);
    return taken;
}

// A ring slot is a pointer wide; a word travels in its place.
_Static_assert(sizeof(void *) == sizeof(uint64_t), "a word must fit a ring slot");

bool cdpdk_ring_enqueue_word(cdpdk_ring *ring, uint64_t word) {
    shim_release(ring);
    return rte_ring_sp_enqueue((struct rte_ring *)ring, (void *)(uintptr_t)word) == 0;
}

bool cdpdk_ring_dequeue_word(cdpdk_ring *ring, uint64_t *word) {
    void *value;
    if (rte_ring_sc_dequeue((struct rte_ring *)ring, &value) != 0) return false;
    shim_acquire(ring);
    *word = (uint64_t)(uintptr_t)value;
    return true;
}

#include "uninstrumented_end.h"
