// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "device_ops.h"

// Written before a port is used and after its last use, read in between: no lock.
static const cdpdk_soft_device *soft_devices[RTE_MAX_ETHPORTS];

const cdpdk_soft_device *soft_device(uint16_t port) { return port < RTE_MAX_ETHPORTS ? soft_devices[port] : NULL; }

int cdpdk_soft_device_set(uint16_t port, const cdpdk_soft_device *device) {
    if (port >= RTE_MAX_ETHPORTS) return -EINVAL;
    soft_devices[port] = device;
    return 0;
}

void cdpdk_soft_device_clear(uint16_t port, const cdpdk_soft_device *device) {
    // The port may be gone and its number another device's.
    if (port < RTE_MAX_ETHPORTS && soft_devices[port] == device) soft_device_forget(port);
}

// rte_eth_dev_release_port forgets a port but not its burst callbacks: the next port of that number would run them.
// A software device is a net_ring port, so it has no more queues than that driver.
static const struct rte_eth_rxtx_callback *receive_hooks[RTE_MAX_ETHPORTS][RTE_PMD_RING_MAX_RX_RINGS];
static const struct rte_eth_rxtx_callback *transmit_hooks[RTE_MAX_ETHPORTS][RTE_PMD_RING_MAX_TX_RINGS];

void soft_device_forget(uint16_t port) {
    if (port >= RTE_MAX_ETHPORTS) return;
    soft_devices[port] = NULL;
    for (uint16_t queue = 0; queue < RTE_PMD_RING_MAX_RX_RINGS; queue++) {
        const struct rte_eth_rxtx_callback *hook = receive_hooks[port][queue];
        if (hook == NULL) continue;
        receive_hooks[port][queue] = NULL;
        if (rte_eth_remove_rx_callback(port, queue, hook) == 0) rte_free((void *)(uintptr_t)hook);
    }
    for (uint16_t queue = 0; queue < RTE_PMD_RING_MAX_TX_RINGS; queue++) {
        const struct rte_eth_rxtx_callback *hook = transmit_hooks[port][queue];
        if (hook == NULL) continue;
        transmit_hooks[port][queue] = NULL;
        if (rte_eth_remove_tx_callback(port, queue, hook) == 0) rte_free((void *)(uintptr_t)hook);
    }
}

static uint16_t after_receive(
    uint16_t port, uint16_t queue, struct rte_mbuf *packets[], uint16_t count, uint16_t capacity, void *context) {
    (void)port, (void)capacity;
    const cdpdk_soft_device *device = context;
    if (device->admitted != NULL) count = device->admitted(device->context, queue, (cdpdk_mbuf **)(void *)packets, count);
    device->received(device->context, queue);
    return count;
}

static uint16_t before_transmit(uint16_t port, uint16_t queue, struct rte_mbuf *packets[], uint16_t count, void *context) {
    (void)port;
    const cdpdk_soft_device *device = context;
    return device->transmitting(device->context, queue, (cdpdk_mbuf **)(void *)packets, count);
}

int soft_device_hook_receive(
    uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool, bool drop_when_full) {
    const cdpdk_soft_device *device = soft_device(port);
    if (device == NULL) return 0;
    if (queue >= RTE_PMD_RING_MAX_RX_RINGS) return -EINVAL;
    int result = device->queue_setup(device->engine, queue, descriptors, pool, drop_when_full);
    if (result != 0 || receive_hooks[port][queue] != NULL) return result;
    void *context = (void *)(uintptr_t)device;
    receive_hooks[port][queue] = rte_eth_add_rx_callback(port, queue, after_receive, context);
    return receive_hooks[port][queue] == NULL ? -rte_errno : 0;
}

int soft_device_hook_transmit(uint16_t port, uint16_t queue) {
    const cdpdk_soft_device *device = soft_device(port);
    if (device == NULL) return 0;
    if (queue >= RTE_PMD_RING_MAX_TX_RINGS) return -EINVAL;
    if (transmit_hooks[port][queue] != NULL) return 0;
    void *context = (void *)(uintptr_t)device;
    transmit_hooks[port][queue] = rte_eth_add_tx_callback(port, queue, before_transmit, context);
    return transmit_hooks[port][queue] == NULL ? -rte_errno : 0;
}

uint64_t cdpdk_port_clock(uint16_t port) {
    const cdpdk_soft_device *device = soft_device(port);
    if (device != NULL) return device->read_clock(device->context);
    return (uint64_t)((__uint128_t)rte_rdtsc() * 1000000000u / rte_get_tsc_hz());
}

int cdpdk_tx_done(uint16_t port, uint16_t queue, uint16_t descriptors, uint32_t newer) {
    const cdpdk_soft_device *device = soft_device(port);
    if (device != NULL) return device->tx_done(device->context, queue, newer);
    if (newer + 1 >= descriptors) return 1;
    // Offsets count from the next descriptor to be used, so the last one posted is a ring's length less one away.
    int status = rte_eth_tx_descriptor_status(port, queue, (uint16_t)(descriptors - 1 - newer));
    if (status == RTE_ETH_TX_DESC_DONE) return 1;
    if (status == RTE_ETH_TX_DESC_FULL) return 0;
    return -ENOTSUP;
}

// The adapters with rte_flow's own signatures. What a software NIC gets was read back from the rte_flow structures.

static int refuse(struct rte_flow_error *error, int code, const char *message) {
    return rte_flow_error_set(error, -code, RTE_FLOW_ERROR_TYPE_UNSPECIFIED, NULL, message);
}

// rte_flow_error keeps a pointer to its message; the text comes from a buffer on the stack of the call.
static _Thread_local char last_message[sizeof((cdpdk_flow_error *)0)->message];

static int soft_validate(
    uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
    const struct rte_flow_action actions[], struct rte_flow_error *error) {
    cdpdk_flow_rule rule;
    cdpdk_flow_error reason = {0};
    int code = flow_rule_from_rte(attr, items, actions, &rule);
    if (code != 0) return refuse(error, code, "too many items or actions");
    const cdpdk_soft_device *device = soft_device(port);
    code = device->flow_validate(device->engine, &rule, &reason);
    if (code == 0) return 0;
    snprintf(last_message, sizeof last_message, "%s", reason.message);
    return refuse(error, code, last_message);
}

static struct rte_flow *soft_create(
    uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
    const struct rte_flow_action actions[], struct rte_flow_error *error) {
    cdpdk_flow_rule rule;
    cdpdk_flow_error reason = {0};
    int code = flow_rule_from_rte(attr, items, actions, &rule);
    if (code != 0) {
        refuse(error, code, "too many items or actions");
        return NULL;
    }
    const cdpdk_soft_device *device = soft_device(port);
    void *flow = device->flow_create(device->engine, &rule, &code, &reason);
    if (flow != NULL) return flow;
    snprintf(last_message, sizeof last_message, "%s", reason.message);
    refuse(error, code, last_message);
    return NULL;
}

static int soft_destroy(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error) {
    const cdpdk_soft_device *device = soft_device(port);
    cdpdk_flow_error reason = {0};
    int code = device->flow_destroy(device->engine, flow, &reason);
    if (code == 0) return 0;
    snprintf(last_message, sizeof last_message, "%s", reason.message);
    return refuse(error, code, last_message);
}

static int soft_query(
    uint16_t port, struct rte_flow *flow, const struct rte_flow_action *action, void *data, struct rte_flow_error *error) {
    const cdpdk_soft_device *device = soft_device(port);
    if (action->type != RTE_FLOW_ACTION_TYPE_COUNT) return refuse(error, -ENOTSUP, "only counters can be queried");
    cdpdk_flow_error reason = {0};
    uint64_t hits = 0, bytes = 0;
    int code = device->flow_query(device->engine, flow, &hits, &bytes, &reason);
    if (code != 0) {
        snprintf(last_message, sizeof last_message, "%s", reason.message);
        return refuse(error, code, last_message);
    }
    struct rte_flow_query_count *count = data;
    count->hits_set = count->bytes_set = 1;
    count->hits = hits;
    count->bytes = bytes;
    return 0;
}

const struct flow_ops soft_flow_ops = {
    .validate = soft_validate, .create = soft_create, .destroy = soft_destroy, .query = soft_query,
};

#include "uninstrumented_end.h"
