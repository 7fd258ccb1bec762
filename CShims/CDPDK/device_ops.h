// SPDX-License-Identifier: BSD-3-Clause
#ifndef CDPDK_DEVICE_OPS_H
#define CDPDK_DEVICE_OPS_H

#include <rte_flow.h>

#include "cdpdk.h"

/// The table through which every flow call goes: rte_flow's own functions for real ports, a software NIC's for its own.
struct flow_ops {
    int (*validate)(
        uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
        const struct rte_flow_action actions[], struct rte_flow_error *error);
    struct rte_flow *(*create)(
        uint16_t port, const struct rte_flow_attr *attr, const struct rte_flow_item items[],
        const struct rte_flow_action actions[], struct rte_flow_error *error);
    int (*destroy)(uint16_t port, struct rte_flow *flow, struct rte_flow_error *error);
    int (*query)(
        uint16_t port, struct rte_flow *flow, const struct rte_flow_action *action, void *data, struct rte_flow_error *error);
};

extern const struct flow_ops soft_flow_ops;

/// The software device behind `port`, or NULL.
const cdpdk_soft_device *soft_device(uint16_t port);

/// Where a queue of a software device is set up: tells the device, and hooks it into the queue's bursts by ethdev's burst
/// callbacks, which run on the queue owner's lcore as a driver's code would. Does nothing for other ports.
int soft_device_hook_receive(
    uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool, bool drop_when_full);
int soft_device_hook_transmit(uint16_t port, uint16_t queue);
/// Takes the device and its hooks off a port that no lcore uses, while the port still exists: its number may be another port's
/// next. Does nothing for other ports.
void soft_device_forget(uint16_t port);

/// Reads rte_flow's structures back into a rule: 0, or -ENOTSUP for more layers than a rule has.
int flow_rule_from_rte(
    const struct rte_flow_attr *attr, const struct rte_flow_item items[], const struct rte_flow_action actions[],
    cdpdk_flow_rule *rule);

#endif
