// SPDX-License-Identifier: BSD-3-Clause
//
// Mbufs, what is left to do about them, and the rings that they wait in.

#ifndef CDPDK_MBUF_H
#define CDPDK_MBUF_H

#include "cdpdk_base.h"

#pragma clang assume_nonnull begin

// ---------------------------------------------------------------------------------------------------------------------
// Mbufs and mempools (mbuf.c)

/// The leading fields of struct rte_mbuf, which Swift's importer drops because of its alignment.
typedef struct cdpdk_mbuf {
    void *buf_addr;
    uint64_t buf_iova_or_next;
    uint16_t data_off;
    uint16_t refcnt;
    uint16_t nb_segs;
    uint16_t port;
    uint64_t ol_flags;
    uint32_t packet_type;
    uint32_t pkt_len;
    uint16_t data_len;
    uint16_t vlan_tci;
    uint32_t hash_lo;
    uint32_t hash_hi;
    uint16_t vlan_tci_outer;
    uint16_t buf_len;
    void *pool;
} cdpdk_mbuf;

/// ol_flags bits that ask the transmitter for an offload (RTE_MBUF_F_TX_OFFLOAD_MASK).
extern const uint64_t cdpdk_mbuf_tx_offload_mask;
extern const uint16_t cdpdk_mbuf_headroom;

typedef struct cdpdk_interrupt_hold cdpdk_interrupt_hold;
typedef struct cdpdk_mempool cdpdk_mempool;

/// A pool of `count` mbufs with `data_room` bytes each (headroom included); NULL with *error = -errno.
cdpdk_mempool *_Nullable cdpdk_mempool_create(
    const char *name, uint32_t count, uint32_t cache, uint16_t data_room, int numa_node, int *error);
void cdpdk_mempool_free(cdpdk_mempool *pool);
cdpdk_mempool *_Nullable cdpdk_mempool_lookup(const char *name);
/// Valid while the pool lives.
const char *cdpdk_mempool_name(const cdpdk_mempool *pool);
uint32_t cdpdk_mempool_in_use(const cdpdk_mempool *pool);
uint32_t cdpdk_mempool_size(const cdpdk_mempool *pool);

/// Allocates `count` mbufs or none: 0, or -ENOENT when the pool has not enough.
int cdpdk_mbuf_alloc_bulk(cdpdk_mempool *pool, cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) CDPDK_HOT;
/// Frees mbufs of any pool, whole chains.
void cdpdk_mbuf_free_bulk(cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) CDPDK_HOT;
/// Copies the frame in `source` (all segments) into the empty mbuf `target`, as a DMA engine would: false when it does not
/// fit into the target's one buffer. Metadata other than lengths is not copied.
/// rte_memcpy, for bytes that lie in no mbuf.
void cdpdk_copy(void *target, const void *source, uint32_t count) CDPDK_HOT;
bool cdpdk_mbuf_copy(cdpdk_mbuf *target, const cdpdk_mbuf *source) CDPDK_HOT;
/// The frame gets `count` more owners: it goes back to its pool when all of them have freed it.
void cdpdk_mbuf_share(cdpdk_mbuf *mbuf, uint16_t count) CDPDK_HOT;
/// Resets an mbuf to the state in which it left its pool (lengths, flags, headroom).
void cdpdk_mbuf_reset(cdpdk_mbuf *mbuf) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// What a sender left for others to do (offload.c)

/// What a receiver, or a port's transmitter, does by itself.
enum cdpdk_offloads {
    /// Fills in TCP and UDP checksums, or takes frames without.
    CDPDK_OFFLOAD_CHECKSUM = 1,
    /// Cuts TCP segments over IPv4, over IPv6, or takes them whole.
    CDPDK_OFFLOAD_TSO4 = 2, CDPDK_OFFLOAD_TSO6 = 4,
    /// Transmits frames of several segments.
    CDPDK_OFFLOAD_CHAINS = 8,
    /// Fills in IPv4 header checksums of the segments that it cuts, where it is asked to.
    CDPDK_OFFLOAD_IPV4 = 16,
};

/// ol_flags of a received frame that may be unfinished: cdpdk_mbuf_finish knows.
extern const uint64_t cdpdk_mbuf_unfinished_mask;

/// The flag that asks the transmitter to cut a TCP segment (RTE_MBUF_F_TX_TCP_SEG).
extern const uint64_t cdpdk_mbuf_segmentation_flag;

/// Makes a received frame, of which nobody else knows, fit for a receiver that does what `receiver` (cdpdk_offloads) says: asks it by
/// transmit flags for what it does, and fills in checksums for one that does not. 0: done. More than 1: the frame has to be cut into
/// that many by cdpdk_mbuf_split. -EINVAL: its headers make no sense for what its sender left.
int cdpdk_mbuf_finish(cdpdk_mbuf *mbuf, uint32_t receiver) CDPDK_HOT;
/// Writes the frames that a TCP segment is to be cut into, from number `first` on, into `slots`; how many, or -ENOMEM when there are no mbufs
/// left for even one. They are finished, and copies: the whole stays the caller's.
int cdpdk_mbuf_split(
    const cdpdk_mbuf *mbuf, uint32_t first, cdpdk_mempool *pool, cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t room) CDPDK_HOT;
/// Bytes of the longest frame that leaves the port for this one.
uint32_t cdpdk_mbuf_segment_length(const cdpdk_mbuf *mbuf) CDPDK_HOT;
/// A copy of the whole chain with what is to be done about it; NULL when the pool has not enough.
cdpdk_mbuf *_Nullable cdpdk_mbuf_copy_whole(const cdpdk_mbuf *source, cdpdk_mempool *pool) CDPDK_HOT;
/// Makes a frame with transmit flags ready for the port's driver; false when that can't send it so.
bool cdpdk_tx_prepare(uint16_t port, uint16_t queue, cdpdk_mbuf *mbuf) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// Rings (ring.c): single producer and single consumer, as the design's laws of shared memory ask for.

typedef struct cdpdk_ring cdpdk_ring;

cdpdk_ring *_Nullable cdpdk_ring_create(const char *name, uint32_t capacity, int numa_node, int *error);
void cdpdk_ring_free(cdpdk_ring *ring);
uint32_t cdpdk_ring_count(const cdpdk_ring *ring) CDPDK_HOT;
uint32_t cdpdk_ring_free_count(const cdpdk_ring *ring) CDPDK_HOT;
/// As many mbufs as fit.
uint32_t cdpdk_ring_enqueue(cdpdk_ring *ring, cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) CDPDK_HOT;
uint32_t cdpdk_ring_dequeue(cdpdk_ring *ring, cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) CDPDK_HOT;
/// One 64-bit word (a command or an event between a poll loop and the control plane).
bool cdpdk_ring_enqueue_word(cdpdk_ring *ring, uint64_t word) CDPDK_HOT;
bool cdpdk_ring_dequeue_word(cdpdk_ring *ring, uint64_t *word) CDPDK_HOT;

#pragma clang assume_nonnull end

#endif
