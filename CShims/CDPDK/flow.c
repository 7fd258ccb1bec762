// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "device_ops.h"

static const struct flow_ops ethdev_flow_ops = {
    .validate = rte_flow_validate, .create = rte_flow_create, .destroy = rte_flow_destroy, .query = rte_flow_query,
};

// i40e of 22.11 to 24.11 keeps its parser's state in statics, ixgbe its rule lists per process.
static pthread_mutex_t flow_lock = PTHREAD_MUTEX_INITIALIZER;

static const struct flow_ops *ops_of(uint16_t port) {
    return soft_device(port) != NULL ? &soft_flow_ops : &ethdev_flow_ops;
}

union flow_header {
    struct rte_flow_item_eth eth;
    struct rte_flow_item_vlan vlan;
    struct rte_flow_item_ipv4 ipv4;
    struct rte_flow_item_ipv6 ipv6;
    struct rte_flow_item_udp udp;
    struct rte_flow_item_tcp tcp;
};

/// A rule in rte_flow's structures; the items point into it.
struct rte_rule {
    struct rte_flow_attr attr;
    struct rte_flow_item items[CDPDK_FLOW_LAYERS + 1];
    struct rte_flow_action actions[CDPDK_FLOW_LAYERS + 1];
    union flow_header specs[CDPDK_FLOW_LAYERS], masks[CDPDK_FLOW_LAYERS];
    struct rte_flow_action_queue queues[CDPDK_FLOW_LAYERS];
    struct rte_flow_action_count counts[CDPDK_FLOW_LAYERS];
    struct rte_flow_action_rss rss[CDPDK_FLOW_LAYERS];
};

static const enum rte_flow_item_type item_types[] = {
    [CDPDK_FLOW_ITEM_END] = RTE_FLOW_ITEM_TYPE_END,   [CDPDK_FLOW_ITEM_ETH] = RTE_FLOW_ITEM_TYPE_ETH,
    [CDPDK_FLOW_ITEM_VLAN] = RTE_FLOW_ITEM_TYPE_VLAN, [CDPDK_FLOW_ITEM_IPV4] = RTE_FLOW_ITEM_TYPE_IPV4,
    [CDPDK_FLOW_ITEM_IPV6] = RTE_FLOW_ITEM_TYPE_IPV6, [CDPDK_FLOW_ITEM_UDP] = RTE_FLOW_ITEM_TYPE_UDP,
    [CDPDK_FLOW_ITEM_TCP] = RTE_FLOW_ITEM_TYPE_TCP,
};

static void fields_to_header(uint32_t type, const cdpdk_flow_fields *fields, union flow_header *header) {
    memset(header, 0, sizeof *header);
    switch (type) {
    case CDPDK_FLOW_ITEM_ETH:
        memcpy(header->eth.dst.addr_bytes, fields->eth_dst, 6);
        memcpy(header->eth.src.addr_bytes, fields->eth_src, 6);
        header->eth.type = rte_cpu_to_be_16(fields->eth_type);
        break;
    case CDPDK_FLOW_ITEM_VLAN:
        header->vlan.tci = rte_cpu_to_be_16(fields->vlan_tci);
        header->vlan.inner_type = rte_cpu_to_be_16(fields->eth_type);
        break;
    case CDPDK_FLOW_ITEM_IPV4:
        header->ipv4.hdr.src_addr = rte_cpu_to_be_32(fields->ipv4_src);
        header->ipv4.hdr.dst_addr = rte_cpu_to_be_32(fields->ipv4_dst);
        header->ipv4.hdr.next_proto_id = fields->protocol;
        break;
    case CDPDK_FLOW_ITEM_IPV6:
        memcpy(&header->ipv6.hdr.src_addr, fields->ipv6_src, 16);
        memcpy(&header->ipv6.hdr.dst_addr, fields->ipv6_dst, 16);
        header->ipv6.hdr.proto = fields->protocol;
        break;
    case CDPDK_FLOW_ITEM_UDP:
        header->udp.hdr.src_port = rte_cpu_to_be_16(fields->port_src);
        header->udp.hdr.dst_port = rte_cpu_to_be_16(fields->port_dst);
        break;
    case CDPDK_FLOW_ITEM_TCP:
        header->tcp.hdr.src_port = rte_cpu_to_be_16(fields->port_src);
        header->tcp.hdr.dst_port = rte_cpu_to_be_16(fields->port_dst);
        break;
    }
}

static void header_to_fields(uint32_t type, const union flow_header *header, cdpdk_flow_fields *fields) {
    switch (type) {
    case CDPDK_FLOW_ITEM_ETH:
        memcpy(fields->eth_dst, header->eth.dst.addr_bytes, 6);
        memcpy(fields->eth_src, header->eth.src.addr_bytes, 6);
        fields->eth_type = rte_be_to_cpu_16(header->eth.type);
        break;
    case CDPDK_FLOW_ITEM_VLAN:
        fields->vlan_tci = rte_be_to_cpu_16(header->vlan.tci);
        fields->eth_type = rte_be_to_cpu_16(header->vlan.inner_type);
        break;
    case CDPDK_FLOW_ITEM_IPV4:
        fields->ipv4_src = rte_be_to_cpu_32(header->ipv4.hdr.src_addr);
        fields->ipv4_dst = rte_be_to_cpu_32(header->ipv4.hdr.dst_addr);
        fields->protocol = header->ipv4.hdr.next_proto_id;
        break;
    case CDPDK_FLOW_ITEM_IPV6:
        memcpy(fields->ipv6_src, &header->ipv6.hdr.src_addr, 16);
        memcpy(fields->ipv6_dst, &header->ipv6.hdr.dst_addr, 16);
        fields->protocol = header->ipv6.hdr.proto;
        break;
    case CDPDK_FLOW_ITEM_UDP:
        fields->port_src = rte_be_to_cpu_16(header->udp.hdr.src_port);
        fields->port_dst = rte_be_to_cpu_16(header->udp.hdr.dst_port);
        break;
    case CDPDK_FLOW_ITEM_TCP:
        fields->port_src = rte_be_to_cpu_16(header->tcp.hdr.src_port);
        fields->port_dst = rte_be_to_cpu_16(header->tcp.hdr.dst_port);
        break;
    }
}

static size_t header_size(uint32_t type) {
    switch (type) {
    case CDPDK_FLOW_ITEM_ETH: return sizeof(struct rte_flow_item_eth);
    case CDPDK_FLOW_ITEM_VLAN: return sizeof(struct rte_flow_item_vlan);
    case CDPDK_FLOW_ITEM_IPV4: return sizeof(struct rte_flow_item_ipv4);
    case CDPDK_FLOW_ITEM_IPV6: return sizeof(struct rte_flow_item_ipv6);
    case CDPDK_FLOW_ITEM_UDP: return sizeof(struct rte_flow_item_udp);
    case CDPDK_FLOW_ITEM_TCP: return sizeof(struct rte_flow_item_tcp);
    default: return 0;
    }
}

static int rule_to_rte(const cdpdk_flow_rule *rule, struct rte_rule *rte) {
    memset(rte, 0, sizeof *rte);
    if (rule->item_count > CDPDK_FLOW_LAYERS || rule->action_count > CDPDK_FLOW_LAYERS) return -EINVAL;
    rte->attr.group = rule->attr.group;
    rte->attr.priority = rule->attr.priority;
    rte->attr.ingress = rule->attr.ingress;
    rte->attr.egress = rule->attr.egress;
    rte->attr.transfer = rule->attr.transfer;
    for (uint32_t i = 0; i < rule->item_count; i++) {
        const cdpdk_flow_item *item = &rule->items[i];
        if (item->type == CDPDK_FLOW_ITEM_END || item->type >= CDPDK_FLOW_ITEM_OTHER) return -EINVAL;
        rte->items[i].type = item_types[item->type];
        if (item->has_spec) {
            fields_to_header(item->type, &item->spec, &rte->specs[i]);
            rte->items[i].spec = &rte->specs[i];
        }
        if (item->has_mask) {
            fields_to_header(item->type, &item->mask, &rte->masks[i]);
            rte->items[i].mask = &rte->masks[i];
        }
    }
    rte->items[rule->item_count].type = RTE_FLOW_ITEM_TYPE_END;
    for (uint32_t i = 0; i < rule->action_count; i++) {
        switch (rule->actions[i].type) {
        case CDPDK_FLOW_ACTION_QUEUE:
            rte->queues[i].index = rule->actions[i].queue;
            rte->actions[i] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_QUEUE, .conf = &rte->queues[i]};
            break;
        case CDPDK_FLOW_ACTION_DROP:
            rte->actions[i].type = RTE_FLOW_ACTION_TYPE_DROP;
            break;
        case CDPDK_FLOW_ACTION_COUNT:
            rte->actions[i] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_COUNT, .conf = &rte->counts[i]};
            break;
        case CDPDK_FLOW_ACTION_RSS:
            if (rule->actions[i].rss_count > CDPDK_FLOW_RSS_QUEUES) return -EINVAL;
            rte->rss[i] = (struct rte_flow_action_rss){
                .types = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP,
                .queue_num = rule->actions[i].rss_count, .queue = rule->actions[i].rss_queues,
            };
            rte->actions[i] = (struct rte_flow_action){.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &rte->rss[i]};
            break;
        default:
            return -EINVAL;
        }
    }
    rte->actions[rule->action_count].type = RTE_FLOW_ACTION_TYPE_END;
    return 0;
}

int flow_rule_from_rte(
    const struct rte_flow_attr *attr, const struct rte_flow_item items[], const struct rte_flow_action actions[],
    cdpdk_flow_rule *rule) {
    memset(rule, 0, sizeof *rule);
    rule->attr = (cdpdk_flow_attr){
        .group = attr->group, .priority = attr->priority, .ingress = attr->ingress, .egress = attr->egress,
        .transfer = attr->transfer,
    };
    for (; items->type != RTE_FLOW_ITEM_TYPE_END; items++) {
        if (items->type == RTE_FLOW_ITEM_TYPE_VOID) continue;
        if (rule->item_count == CDPDK_FLOW_LAYERS) return -ENOTSUP;
        cdpdk_flow_item *item = &rule->items[rule->item_count++];
        item->type = CDPDK_FLOW_ITEM_OTHER;
        for (uint32_t type = CDPDK_FLOW_ITEM_ETH; type < CDPDK_FLOW_ITEM_OTHER; type++)
            if (item_types[type] == items->type) item->type = type;
        item->has_spec = items->spec != NULL;
        item->has_mask = items->mask != NULL;
        item->has_last = items->last != NULL;
        size_t size = header_size(item->type);
        union flow_header header;
        if (item->has_spec && size > 0) {
            memcpy(&header, items->spec, size);
            header_to_fields(item->type, &header, &item->spec);
        }
        if (item->has_mask && size > 0) {
            memcpy(&header, items->mask, size);
            header_to_fields(item->type, &header, &item->mask);
        }
    }
    for (; actions->type != RTE_FLOW_ACTION_TYPE_END; actions++) {
        if (actions->type == RTE_FLOW_ACTION_TYPE_VOID) continue;
        if (rule->action_count == CDPDK_FLOW_LAYERS) return -ENOTSUP;
        cdpdk_flow_action *action = &rule->actions[rule->action_count++];
        switch (actions->type) {
        case RTE_FLOW_ACTION_TYPE_QUEUE:
            action->type = CDPDK_FLOW_ACTION_QUEUE;
            action->queue = ((const struct rte_flow_action_queue *)actions->conf)->index;
            break;
        case RTE_FLOW_ACTION_TYPE_DROP: action->type = CDPDK_FLOW_ACTION_DROP; break;
        case RTE_FLOW_ACTION_TYPE_COUNT: action->type = CDPDK_FLOW_ACTION_COUNT; break;
        case RTE_FLOW_ACTION_TYPE_RSS: {
            const struct rte_flow_action_rss *rss = actions->conf;
            if (rss->queue_num > CDPDK_FLOW_RSS_QUEUES) return -ENOTSUP;
            action->type = CDPDK_FLOW_ACTION_RSS;
            action->rss_count = (uint16_t)rss->queue_num;
            memcpy(action->rss_queues, rss->queue, rss->queue_num * sizeof rss->queue[0]);
            break;
        }
        default: action->type = CDPDK_FLOW_ACTION_OTHER; break;
        }
    }
    return 0;
}

static int report(const struct rte_flow_error *from, int code, cdpdk_flow_error *to) {
    to->type = (uint32_t)from->type;
    // Some drivers return an error and leave rte_errno at 0.
    if (code == 0) code = rte_errno != 0 ? -rte_errno : -EINVAL;
    snprintf(to->message, sizeof to->message, "%s", from->message != NULL ? from->message : rte_strerror(-code));
    return code;
}

int cdpdk_flow_validate(uint16_t port, const cdpdk_flow_rule *rule, cdpdk_flow_error *error) {
    struct rte_rule rte;
    int code = rule_to_rte(rule, &rte);
    if (code != 0) return report(&(struct rte_flow_error){.message = "rule is not well formed"}, code, error);
    struct rte_flow_error reason = {0};
    pthread_mutex_lock(&flow_lock);
    code = ops_of(port)->validate(port, &rte.attr, rte.items, rte.actions, &reason);
    if (code != 0) code = report(&reason, code, error);
    pthread_mutex_unlock(&flow_lock);
    return code;
}

cdpdk_flow *cdpdk_flow_create(uint16_t port, const cdpdk_flow_rule *rule, int *code, cdpdk_flow_error *error) {
    struct rte_rule rte;
    *code = rule_to_rte(rule, &rte);
    if (*code != 0) {
        report(&(struct rte_flow_error){.message = "rule is not well formed"}, *code, error);
        return NULL;
    }
    struct rte_flow_error reason = {0};
    pthread_mutex_lock(&flow_lock);
    rte_errno = 0;
    struct rte_flow *flow = ops_of(port)->create(port, &rte.attr, rte.items, rte.actions, &reason);
    if (flow == NULL) *code = report(&reason, -rte_errno, error);
    pthread_mutex_unlock(&flow_lock);
    return (cdpdk_flow *)flow;
}

int cdpdk_flow_destroy(uint16_t port, cdpdk_flow *flow, cdpdk_flow_error *error) {
    struct rte_flow_error reason = {0};
    pthread_mutex_lock(&flow_lock);
    int code = ops_of(port)->destroy(port, (struct rte_flow *)flow, &reason);
    if (code != 0) code = report(&reason, code, error);
    pthread_mutex_unlock(&flow_lock);
    return code;
}

int cdpdk_flow_query(uint16_t port, cdpdk_flow *flow, uint64_t *hits, uint64_t *bytes, cdpdk_flow_error *error) {
    struct rte_flow_error reason = {0};
    struct rte_flow_query_count count = {0};
    const struct rte_flow_action_count configuration = {0};
    const struct rte_flow_action actions[] = {
        {.type = RTE_FLOW_ACTION_TYPE_COUNT, .conf = &configuration}, {.type = RTE_FLOW_ACTION_TYPE_END},
    };
    pthread_mutex_lock(&flow_lock);
    rte_errno = 0;
    int code = ops_of(port)->query(port, (struct rte_flow *)flow, actions, &count, &reason);
    if (code != 0) code = report(&reason, code, error);
    pthread_mutex_unlock(&flow_lock);
    *hits = count.hits_set ? count.hits : 0;
    *bytes = count.bytes_set ? count.bytes : 0;
    return code;
}

#include "uninstrumented_end.h"
