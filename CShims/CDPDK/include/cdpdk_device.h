// SPDX-License-Identifier: BSD-3-Clause
//
// Ports in software, and flow rules.

#ifndef CDPDK_DEVICE_H
#define CDPDK_DEVICE_H

#include "cdpdk_port.h"

#pragma clang assume_nonnull begin

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
    /// As cdpdk_port_queue_stats_get; -ENOTSUP likewise.
    int (*queue_stats)(void *engine, cdpdk_queue_stats *stats, uint16_t count);
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

#pragma clang assume_nonnull end

#endif
