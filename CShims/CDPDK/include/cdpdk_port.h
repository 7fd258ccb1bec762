// SPDX-License-Identifier: BSD-3-Clause
//
// Ports, queue pairs and events.

#ifndef CDPDK_PORT_H
#define CDPDK_PORT_H

#include "cdpdk_mbuf.h"

#pragma clang assume_nonnull begin

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
    /// What the transmitter can do, and what it was configured to do (cdpdk_offloads).
    uint32_t tx_offloads, tx_offloads_on;
} cdpdk_port_info;

typedef struct cdpdk_port_stats {
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, rx_missed, rx_errors, tx_errors, rx_no_mbuf;
} cdpdk_port_stats;

/// Of a queue pair: a receive queue and the transmit queue of the same number.
typedef struct cdpdk_queue_stats {
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
} cdpdk_queue_stats;

/// Adds a virtual device to this process (rte_vdev_init); its port id, or -errno.
int cdpdk_vdev_attach(const char *name, const char *arguments);
int cdpdk_vdev_detach(const char *name);
int cdpdk_port_by_name(const char *name);
bool cdpdk_port_is_valid(uint16_t port);
int cdpdk_port_info_get(uint16_t port, cdpdk_port_info *info);
/// With `pools` > 0 in mode VMDQ_ONLY: unmatched frames go to pool 0, every pool accepts untagged and group-addressed ones. `offloads`
/// (cdpdk_offloads): what the transmitter is to do, all of which it can. A virtio device with any of them also receives frames whose
/// sender left checksums and segments to others, as its own peer would.
int cdpdk_port_configure(uint16_t port, uint16_t rx_queues, uint16_t tx_queues, uint16_t pools, uint32_t offloads);
/// Bytes behind the Ethernet header of the longest frame; before the port is started. -ENOTSUP where the driver has no such thing.
int cdpdk_port_set_mtu(uint16_t port, uint16_t mtu);
int cdpdk_port_rx_queue_setup(uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool, bool drop_when_full);
int cdpdk_port_tx_queue_setup(uint16_t port, uint16_t queue, uint16_t descriptors);
int cdpdk_port_start(uint16_t port);
int cdpdk_port_stop(uint16_t port);
/// Stops the port and brings it back to the state before its first configuration (rte_eth_dev_reset); -ENOTSUP where the driver
/// cannot. Never on the thread that an event is reported on.
int cdpdk_port_reset(uint16_t port);
/// Keeps the EAL's interrupt thread from its work, so that no interrupt handler runs; NULL when it can't be had within a second. Not to be
/// called on that thread.
cdpdk_interrupt_hold *_Nullable cdpdk_interrupts_hold(void);
void cdpdk_interrupts_release(cdpdk_interrupt_hold *_Nullable hold);
int cdpdk_port_close(uint16_t port);
int cdpdk_port_promiscuous(uint16_t port, bool on);
int cdpdk_port_stats_get(uint16_t port, cdpdk_port_stats *stats);
/// Of the first `count` queue pairs; how many it could tell, at most RTE_ETHDEV_QUEUE_STAT_CNTRS, or -errno. All 0 where the driver does
/// not count by queue.
int cdpdk_port_queue_stats_get(uint16_t port, cdpdk_queue_stats *stats, uint16_t count);
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

#pragma clang assume_nonnull end

#endif
