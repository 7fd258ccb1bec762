// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_mempool.h>

#include "sanitizers.h"

#define SAME_OFFSET(mirror, original)                                                           \
    _Static_assert(offsetof(cdpdk_mbuf, mirror) == offsetof(struct rte_mbuf, original), #mirror)
SAME_OFFSET(buf_addr, buf_addr);
SAME_OFFSET(data_off, data_off);
SAME_OFFSET(refcnt, refcnt);
SAME_OFFSET(nb_segs, nb_segs);
SAME_OFFSET(port, port);
SAME_OFFSET(ol_flags, ol_flags);
SAME_OFFSET(packet_type, packet_type);
SAME_OFFSET(pkt_len, pkt_len);
SAME_OFFSET(data_len, data_len);
SAME_OFFSET(vlan_tci, vlan_tci);
SAME_OFFSET(hash_lo, hash);
SAME_OFFSET(vlan_tci_outer, vlan_tci_outer);
SAME_OFFSET(buf_len, buf_len);
SAME_OFFSET(pool, pool);
_Static_assert(offsetof(struct rte_mbuf, next) == CDPDK_MBUF_NEXT, "next");

const uint64_t cdpdk_mbuf_tx_offload_mask = RTE_MBUF_F_TX_OFFLOAD_MASK;
const uint16_t cdpdk_mbuf_headroom = RTE_PKTMBUF_HEADROOM;

static struct rte_mbuf **real(cdpdk_mbuf **slots) { return (struct rte_mbuf **)(void *)slots; }

cdpdk_mempool *cdpdk_mempool_create(
    const char *name, uint32_t count, uint32_t cache, uint16_t data_room, int numa_node, int *error) {
    struct rte_mempool *pool = rte_pktmbuf_pool_create(name, count, cache, 0, data_room, numa_node);
    *error = pool == NULL ? -rte_errno : 0;
    return (cdpdk_mempool *)pool;
}

#ifdef CDPDK_ASAN
static void unpoison_memory(struct rte_mempool *pool, void *context, struct rte_mempool_memhdr *memory, unsigned int index) {
    (void)pool, (void)context, (void)index;
    __asan_unpoison_memory_region(memory->addr, memory->len);
}
#endif

void cdpdk_mempool_free(cdpdk_mempool *pool) {
#ifdef CDPDK_ASAN
    // The heap clears the memory, and gives it to others.
    rte_mempool_mem_iter((struct rte_mempool *)pool, unpoison_memory, NULL);
#endif
    rte_mempool_free((struct rte_mempool *)pool);
}
cdpdk_mempool *cdpdk_mempool_lookup(const char *name) { return (cdpdk_mempool *)rte_mempool_lookup(name); }

const char *cdpdk_mempool_name(const cdpdk_mempool *pool) { return ((const struct rte_mempool *)pool)->name; }

uint32_t cdpdk_mempool_in_use(const cdpdk_mempool *pool) {
    return rte_mempool_in_use_count((const struct rte_mempool *)pool);
}

uint32_t cdpdk_mempool_size(const cdpdk_mempool *pool) { return ((const struct rte_mempool *)pool)->size; }

int cdpdk_mbuf_alloc_bulk(cdpdk_mempool *pool, cdpdk_mbuf **slots, uint32_t count) {
    int result = rte_pktmbuf_alloc_bulk((struct rte_mempool *)pool, real(slots), count);
    if (result != 0) return -ENOENT;
    shim_acquire_mbufs(slots, count);
    return 0;
}

void cdpdk_mbuf_free_bulk(cdpdk_mbuf **slots, uint32_t count) {
    shim_release_mbufs(slots, count);
    shim_poison_mbufs(slots, count);
    rte_pktmbuf_free_bulk(real(slots), count);
}

void cdpdk_mbuf_share(cdpdk_mbuf *mbuf, uint16_t count) {
    rte_pktmbuf_refcnt_update((struct rte_mbuf *)mbuf, (int16_t)count);
}

void cdpdk_mbuf_reset(cdpdk_mbuf *mbuf) { rte_pktmbuf_reset((struct rte_mbuf *)mbuf); }

void cdpdk_copy(void *target, const void *source, uint32_t count) { rte_memcpy(target, source, count); }

bool cdpdk_mbuf_copy(cdpdk_mbuf *target, const cdpdk_mbuf *source) {
    struct rte_mbuf *to = (struct rte_mbuf *)target;
    const struct rte_mbuf *from = (const struct rte_mbuf *)source;
    char *bytes = rte_pktmbuf_append(to, 0);
    if (bytes == NULL || from->pkt_len > rte_pktmbuf_tailroom(to)) return false;
    uint32_t copied = 0;
    for (const struct rte_mbuf *segment = from; segment != NULL; segment = segment->next) {
        // pkt_len is what was checked against the room: a chain whose segments hold more is not believed.
        if (segment->data_len > from->pkt_len - copied) return false;
        rte_memcpy(bytes + copied, rte_pktmbuf_mtod(segment, const char *), segment->data_len);
        copied += segment->data_len;
    }
    to->data_len = (uint16_t)copied;
    to->pkt_len = copied;
    return true;
}

#include "uninstrumented_end.h"
