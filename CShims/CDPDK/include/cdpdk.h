// SPDX-License-Identifier: BSD-3-Clause
//
// The one door between Swift and DPDK. This header includes no DPDK header, so that none of DPDK's compiler flags
// spreads to Swift targets; every layout that it repeats is checked against DPDK's by a _Static_assert in mbuf.c.
//
// Rules of this shim
//  * one call a burst, never one a packet;
//  * functions return 0 or a count, or a negative errno: DPDK's two conventions (-errno, and -1 with rte_errno) end here,
//    and rte_errno is read in the same C call;
//  * CDPDK_HOT marks what a polling lcore may call: it never locks, allocates from the C heap or logs.

#ifndef CDPDK_H
#define CDPDK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#define CDPDK_HOT __attribute__((swift_attr("@_noLocks")))
#else
#define CDPDK_HOT
#endif

#pragma clang assume_nonnull begin

// ---------------------------------------------------------------------------------------------------------------------
// EAL, lcores, time (eal.c)

/// Initialises the EAL with `arguments` (argv[0] included). May be called once in a process, also after a failure.
int cdpdk_eal_init(int count, const char *_Nonnull const *_Nonnull arguments);
int cdpdk_eal_cleanup(void);
const char *cdpdk_version(void);
/// Text of an errno, in DPDK's words where it has its own (rte_strerror). Thread-local storage.
const char *cdpdk_strerror(int error);

/// The worker lcore ids, in ascending order; returns how many there are.
uint32_t cdpdk_worker_lcores(uint32_t *ids, uint32_t capacity);
/// Starts `function(argument)` on a waiting worker lcore.
int cdpdk_lcore_launch(uint32_t lcore, int (*function)(void *_Nullable), void *_Nullable argument);
/// Waits until the function launched on `lcore` returned; its result.
int cdpdk_lcore_wait(uint32_t lcore);
uint32_t cdpdk_lcore_numa_node(uint32_t lcore);

uint64_t cdpdk_tsc_hz(void);
void cdpdk_sleep_microseconds(uint32_t microseconds) CDPDK_HOT;

static inline uint64_t cdpdk_tsc(void) CDPDK_HOT {
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#endif
}

static inline void cdpdk_pause(void) CDPDK_HOT {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield" ::: "memory");
#endif
}

// DPDK's log (log.c): kept out of standard error, so that a command's own one-line error stands alone.

/// Called with each line that DPDK logs, from any thread. The text is not terminated.
typedef void (*cdpdk_log_sink)(const char *text, size_t length);
/// Sends DPDK's log to `sink` from now on (before or after cdpdk_eal_init); NULL only remembers the last lines.
int cdpdk_log_redirect(cdpdk_log_sink _Nullable sink);
/// Copies the newest line that DPDK logged since the last call into `text` (terminated); its length, 0 when none.
size_t cdpdk_log_take_last(char *text, size_t capacity);
/// Makes `text` the newest line, as if DPDK had logged it, for a device in software that refuses something.
void cdpdk_log_note(const char *text);

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

typedef struct cdpdk_mempool cdpdk_mempool;

/// A pool of `count` mbufs with `data_room` bytes each (headroom included); NULL with *error = -errno.
cdpdk_mempool *_Nullable cdpdk_mempool_create(
    const char *name, uint32_t count, uint32_t cache, uint16_t data_room, int numa_node, int *error);
void cdpdk_mempool_free(cdpdk_mempool *pool);
cdpdk_mempool *_Nullable cdpdk_mempool_lookup(const char *name);
uint32_t cdpdk_mempool_in_use(const cdpdk_mempool *pool);
uint32_t cdpdk_mempool_size(const cdpdk_mempool *pool);

/// Allocates `count` mbufs or none: 0, or -ENOENT when the pool has not enough.
int cdpdk_mbuf_alloc_bulk(cdpdk_mempool *pool, cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) CDPDK_HOT;
/// Frees mbufs of any pool, whole chains.
void cdpdk_mbuf_free_bulk(cdpdk_mbuf *_Nullable *_Nonnull slots, uint32_t count) CDPDK_HOT;
/// Copies the frame in `source` (all segments) into the empty mbuf `target`, as a DMA engine would: false when it does not
/// fit into the target's one buffer. Metadata other than lengths is not copied.
bool cdpdk_mbuf_copy(cdpdk_mbuf *target, const cdpdk_mbuf *source) CDPDK_HOT;
/// The frame gets `count` more owners: it goes back to its pool when all of them have freed it.
void cdpdk_mbuf_share(cdpdk_mbuf *mbuf, uint16_t count) CDPDK_HOT;
/// Resets an mbuf to the state in which it left its pool (lengths, flags, headroom).
void cdpdk_mbuf_reset(cdpdk_mbuf *mbuf) CDPDK_HOT;

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

// ---------------------------------------------------------------------------------------------------------------------
// Ports and queue pairs (port.c)

typedef struct cdpdk_port_info {
    char driver[64];
    char name[64];
    uint16_t max_rx_queues, max_tx_queues;
    /// As configured; 0 before.
    uint16_t rx_queues, tx_queues;
    uint16_t rx_desc_max, rx_desc_min, rx_desc_align;
    uint16_t tx_desc_max, tx_desc_min, tx_desc_align;
    uint16_t mtu;
    uint8_t mac[6];
    bool is_up;
    uint32_t link_mbps;
    int32_t numa_node;
    bool runtime_rx_queue_setup;
    /// The driver has rx_queue_start and rx_queue_stop; false where that is not known (ethdev has no flag for it).
    bool can_stop_queues;
    /// MAC addresses that the port takes, its own included.
    uint32_t max_mac_addresses;
    /// VMDq: how many pools there are at most (0: none), the first one's number, and the queues that belong to pools.
    uint16_t vmdq_pools, vmdq_pool_base, vmdq_queue_base, vmdq_queue_count;
    /// PCI device id, -1 for a device that is not on a PCI bus.
    int32_t pci_device;
} cdpdk_port_info;

typedef struct cdpdk_port_stats {
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, rx_missed, rx_errors, tx_errors, rx_no_mbuf;
} cdpdk_port_stats;

/// Adds a virtual device to this process (rte_vdev_init); its port id, or -errno.
int cdpdk_vdev_attach(const char *name, const char *arguments);
int cdpdk_vdev_detach(const char *name);
int cdpdk_port_by_name(const char *name);
bool cdpdk_port_is_valid(uint16_t port);
int cdpdk_port_info_get(uint16_t port, cdpdk_port_info *info);
/// With `pools` > 0 in mode VMDQ_ONLY: unmatched frames go to pool 0, every pool accepts untagged and group-addressed ones.
int cdpdk_port_configure(uint16_t port, uint16_t rx_queues, uint16_t tx_queues, uint16_t pools);
int cdpdk_port_rx_queue_setup(uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool, bool drop_when_full);
int cdpdk_port_tx_queue_setup(uint16_t port, uint16_t queue, uint16_t descriptors);
int cdpdk_port_start(uint16_t port);
int cdpdk_port_stop(uint16_t port);
/// Stops the port and brings it back to the state before its first configuration (rte_eth_dev_reset); -ENOTSUP where the driver
/// cannot. Never on the thread that an event is reported on.
int cdpdk_port_reset(uint16_t port);
int cdpdk_port_close(uint16_t port);
int cdpdk_port_promiscuous(uint16_t port, bool on);
int cdpdk_port_stats_get(uint16_t port, cdpdk_port_stats *stats);
/// Lets frames to `mac` into `pool` (0 where there are none); -ENOSPC when no address slot is left.
int cdpdk_port_address_add(uint16_t port, const uint8_t mac[_Nonnull 6], uint32_t pool);
/// Takes `mac` out of every pool. An address that is not there is no error.
int cdpdk_port_address_remove(uint16_t port, const uint8_t mac[_Nonnull 6]);
int cdpdk_port_rx_queue_start(uint16_t port, uint16_t queue);
int cdpdk_port_rx_queue_stop(uint16_t port, uint16_t queue);

// Events (events.c)

enum cdpdk_port_event {
    CDPDK_PORT_EVENT_LINK = 0, CDPDK_PORT_EVENT_RESET, CDPDK_PORT_EVENT_RECOVERING, CDPDK_PORT_EVENT_RECOVERED,
    CDPDK_PORT_EVENT_RECOVERY_FAILED,
};

/// Called on DPDK's interrupt thread, or on the one that raised the event.
typedef void (*cdpdk_port_event_sink)(void *context, uint16_t port, uint32_t event);
typedef struct cdpdk_port_events cdpdk_port_events;

/// Calls `sink(context, ...)` at each event of `port` until cdpdk_port_events_unregister; NULL with *error = -errno.
cdpdk_port_events *_Nullable cdpdk_port_events_register(
    uint16_t port, cdpdk_port_event_sink sink, void *context, int *error);
/// When this returns, the sink runs no more, unless this was called by the sink itself.
void cdpdk_port_events_unregister(cdpdk_port_events *events);
/// Calls the sinks registered for `port`: a software device's way to report an event.
void cdpdk_port_event_raise(uint16_t port, uint32_t event);
/// A net_ring port over the given rings (rte_eth_from_rings); its port id, or -errno. At most 16 queues.
int cdpdk_port_from_rings(
    const char *name, cdpdk_ring *_Nonnull *_Nonnull rx, uint16_t rx_count, cdpdk_ring *_Nonnull *_Nonnull tx, uint16_t tx_count,
    int numa_node);

uint16_t cdpdk_rx_burst(uint16_t port, uint16_t queue, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count) CDPDK_HOT;
uint16_t cdpdk_tx_burst(uint16_t port, uint16_t queue, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// Device operations that a port in software answers itself (device_ops.c, flow.c)

enum cdpdk_flow_item_type {
    CDPDK_FLOW_ITEM_END = 0, CDPDK_FLOW_ITEM_ETH, CDPDK_FLOW_ITEM_VLAN, CDPDK_FLOW_ITEM_IPV4, CDPDK_FLOW_ITEM_IPV6,
    CDPDK_FLOW_ITEM_UDP, CDPDK_FLOW_ITEM_TCP, CDPDK_FLOW_ITEM_OTHER,
};

/// The fields of the one protocol layer that an item names; all in host byte order but the addresses.
typedef struct cdpdk_flow_fields {
    uint8_t eth_dst[6], eth_src[6];
    uint16_t eth_type;
    uint16_t vlan_tci;
    uint32_t ipv4_src, ipv4_dst;
    uint8_t ipv6_src[16], ipv6_dst[16];
    uint8_t protocol;
    uint16_t port_src, port_dst;
} cdpdk_flow_fields;

typedef struct cdpdk_flow_item {
    uint32_t type;
    bool has_spec;
    bool has_mask;
    bool has_last;
    cdpdk_flow_fields spec, mask;
} cdpdk_flow_item;

enum cdpdk_flow_action_type {
    CDPDK_FLOW_ACTION_END = 0, CDPDK_FLOW_ACTION_QUEUE, CDPDK_FLOW_ACTION_DROP, CDPDK_FLOW_ACTION_COUNT,
    CDPDK_FLOW_ACTION_RSS, CDPDK_FLOW_ACTION_OTHER,
};

#define CDPDK_FLOW_RSS_QUEUES 16

typedef struct cdpdk_flow_action {
    uint32_t type;
    uint16_t queue;
    /// Of an RSS action, which hashes IP, UDP and TCP headers with the driver's own key and function.
    uint16_t rss_count;
    uint16_t rss_queues[CDPDK_FLOW_RSS_QUEUES];
} cdpdk_flow_action;

typedef struct cdpdk_flow_attr {
    uint32_t group, priority;
    bool ingress, egress, transfer;
} cdpdk_flow_attr;

#define CDPDK_FLOW_LAYERS 8

typedef struct cdpdk_flow_rule {
    cdpdk_flow_attr attr;
    uint32_t item_count, action_count;
    cdpdk_flow_item items[CDPDK_FLOW_LAYERS];
    cdpdk_flow_action actions[CDPDK_FLOW_LAYERS];
} cdpdk_flow_rule;

typedef struct cdpdk_flow_error {
    uint32_t type;
    char message[128];
} cdpdk_flow_error;

typedef struct cdpdk_flow cdpdk_flow;

/// Validates, creates and destroys rules by rte_flow's structures and calls, or by the software port's own functions of the
/// same signatures. One lock around all flow calls of the process: i40e keeps parser state in statics.
int cdpdk_flow_validate(uint16_t port, const cdpdk_flow_rule *rule, cdpdk_flow_error *error);
cdpdk_flow *_Nullable cdpdk_flow_create(uint16_t port, const cdpdk_flow_rule *rule, int *code, cdpdk_flow_error *error);
int cdpdk_flow_destroy(uint16_t port, cdpdk_flow *flow, cdpdk_flow_error *error);
/// Reads what a rule's COUNT action counted since its creation.
int cdpdk_flow_query(uint16_t port, cdpdk_flow *flow, uint64_t *hits, uint64_t *bytes, cdpdk_flow_error *error);

/// What a software NIC implements. Its flow functions get what rte_flow's would: the shim turns the rule into rte_flow
/// structures on the way in and reads those structures back before these are called.
typedef struct cdpdk_soft_device {
    /// For queue_setup and the flow functions: control plane.
    void *engine;
    /// For the functions of the data path, called by the queue owner's lcore.
    void *context;
    /// A receive queue is given its size and its pool, as rte_eth_rx_queue_setup gives them to a driver; also while the port
    /// runs, which the device may refuse with -EBUSY.
    int (*queue_setup)(void *engine, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool, bool drop_when_full);
    /// Changes what ethdev said about the net_ring port behind which the device stands.
    void (*info)(void *engine, cdpdk_port_info *info);
    /// Behind rte_eth_dev_configure, _start and _stop.
    int (*configure)(void *engine, uint16_t queues, uint16_t pools);
    int (*start)(void *engine);
    void (*stop)(void *engine);
    /// rte_eth_dev_reset's place, behind _stop: no queue is set up, and no address is in a pool.
    int (*reset)(void *engine);
    int (*address_add)(void *engine, const uint8_t *mac, uint32_t pool);
    int (*address_remove)(void *engine, const uint8_t *mac);
    int (*queue_start)(void *engine, uint16_t queue);
    int (*queue_stop)(void *engine, uint16_t queue);
    /// -ENOTSUP where net_ring's own counters will do.
    int (*stats)(void *engine, cdpdk_port_stats *stats);
    int (*flow_validate)(void *engine, const cdpdk_flow_rule *rule, cdpdk_flow_error *error);
    void *_Nullable (*_Nonnull flow_create)(void *engine, const cdpdk_flow_rule *rule, int *code, cdpdk_flow_error *error);
    int (*flow_destroy)(void *engine, void *flow, cdpdk_flow_error *error);
    int (*flow_query)(void *engine, void *flow, uint64_t *hits, uint64_t *bytes, cdpdk_flow_error *error);
    /// Behind each receive burst of a queue: post empty buffers, reap completions.
    void (*received)(void *context, uint16_t queue);
    /// In front of `received`, where there is one, with what the burst took: how many of the mbufs, from the first slot on, the
    /// caller gets. Those that it does not get belong to the device.
    uint16_t (*_Nullable admitted)(void *context, uint16_t queue, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count);
    /// In front of each transmit burst, with the mbufs that will be offered: how many of them may be posted.
    uint16_t (*transmitting)(void *context, uint16_t queue, cdpdk_mbuf *_Nullable *_Nonnull slots, uint16_t count);
    /// Nanoseconds of the device's own clock (rte_eth_read_clock's place).
    uint64_t (*read_clock)(void *context);
    /// 1 when all but the `newer` most recently posted TX descriptors of the queue are on the wire, else 0.
    int (*tx_done)(void *context, uint16_t queue, uint32_t newer);
} cdpdk_soft_device;

/// Puts `device` in the driver's place for `port`. Never while the port is in use.
int cdpdk_soft_device_set(uint16_t port, const cdpdk_soft_device *device);
/// Takes `device` away again, if it still is the one behind `port`. Never while the port is in use.
void cdpdk_soft_device_clear(uint16_t port, const cdpdk_soft_device *device);

/// Nanoseconds on the port's clock: a software device's own, else the host's TSC. Only differences mean something.
uint64_t cdpdk_port_clock(uint16_t port) CDPDK_HOT;
/// Whether all but the `newer` last posted TX descriptors of a queue are done: 1, 0, or -ENOTSUP where the driver cannot tell.
/// Only the lcore that owns the queue may ask.
int cdpdk_tx_done(uint16_t port, uint16_t queue, uint16_t descriptors, uint32_t newer) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// Quiescent states (qsbr.c): rte_rcu_qsbr

typedef struct cdpdk_qsbr cdpdk_qsbr;

cdpdk_qsbr *_Nullable cdpdk_qsbr_create(uint32_t readers);
void cdpdk_qsbr_free(cdpdk_qsbr *qsbr);
int cdpdk_qsbr_online(cdpdk_qsbr *qsbr, uint32_t reader);
int cdpdk_qsbr_offline(cdpdk_qsbr *qsbr, uint32_t reader);
void cdpdk_qsbr_quiescent(cdpdk_qsbr *qsbr, uint32_t reader) CDPDK_HOT;
/// Waits until every online reader passed a quiescent state, at most `timeout_ms`: 0 or -ETIMEDOUT.
int cdpdk_qsbr_synchronize(cdpdk_qsbr *qsbr, uint32_t timeout_ms);

// ---------------------------------------------------------------------------------------------------------------------
// Hash table of 64-bit keys and values (hash.c): rte_hash, one writer at a time, the writer is the only reader

typedef struct cdpdk_hash cdpdk_hash;

cdpdk_hash *_Nullable cdpdk_hash_create(const char *name, uint32_t entries, int numa_node, int *error);
void cdpdk_hash_free(cdpdk_hash *hash);
uint32_t cdpdk_hash_count(const cdpdk_hash *hash) CDPDK_HOT;
/// Adds or replaces: 0, or -ENOSPC.
int cdpdk_hash_set(cdpdk_hash *hash, uint64_t key, uint64_t value) CDPDK_HOT;
int cdpdk_hash_remove(cdpdk_hash *hash, uint64_t key) CDPDK_HOT;
bool cdpdk_hash_get(const cdpdk_hash *hash, uint64_t key, uint64_t *value) CDPDK_HOT;
/// Looks up `count` (at most 64) keys; bit i of the result is set, and values[i] valid, where keys[i] was found.
uint64_t cdpdk_hash_get_bulk(const cdpdk_hash *hash, const uint64_t *keys, uint32_t count, uint64_t *values) CDPDK_HOT;
/// The entry at or behind `*cursor` (start with 0), which moves on; false at the end.
bool cdpdk_hash_next(const cdpdk_hash *hash, uint32_t *cursor, uint64_t *key, uint64_t *value) CDPDK_HOT;

// ---------------------------------------------------------------------------------------------------------------------
// vhost-user backend (vhost.c): librte_vhost

typedef struct cdpdk_vhost_callbacks {
    void *context;
    /// A guest's rings are ready; called on librte_vhost's thread.
    void (*connected)(void *context, int device);
    /// The guest left or stops its rings. When this returns, `device` must not be used any more.
    void (*disconnected)(void *context, int device);
} cdpdk_vhost_callbacks;

/// Serves a vhost-user socket at `path` (server; the path must not exist). The callbacks' context must live until
/// cdpdk_vhost_unregister returned.
int cdpdk_vhost_register(const char *path, const cdpdk_vhost_callbacks *callbacks);
int cdpdk_vhost_unregister(const char *path);
uint16_t cdpdk_vhost_vring_count(int device);
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

// ---------------------------------------------------------------------------------------------------------------------
// Calls through function pointers, which @_noLocks code cannot make itself

typedef uint32_t (*cdpdk_poll_function)(void *context) CDPDK_HOT;

static inline uint32_t cdpdk_call_poll(cdpdk_poll_function function, void *context) CDPDK_HOT {
    return function(context);
}

// Hand-over of a block of memory between threads by means that the thread sanitizer cannot see (DPDK is not instrumented).
void cdpdk_hand_over(const void *address) CDPDK_HOT;
void cdpdk_take_over(const void *address) CDPDK_HOT;

// NUMA (numa.c): memory outside DPDK's heaps

/// Zeroed, 64-byte aligned memory on `numa_node` (any node when negative); NULL when there is none.
void *_Nullable cdpdk_numa_alloc(size_t size, int numa_node);
void cdpdk_numa_free(void *memory, size_t size);
uint32_t cdpdk_numa_node_count(void);

#pragma clang assume_nonnull end

#endif
