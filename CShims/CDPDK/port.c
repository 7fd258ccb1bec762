// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include "device_ops.h"
#include "sanitizers.h"

static struct rte_mbuf **real(cdpdk_mbuf **slots) { return (struct rte_mbuf **)(void *)slots; }

int cdpdk_vdev_attach(const char *name, const char *arguments) {
    int result = rte_vdev_init(name, arguments);
    if (result != 0) return result < 0 ? result : -EINVAL;
    uint16_t port;
    result = rte_eth_dev_get_port_by_name(name, &port);
    if (result != 0) {
        rte_vdev_uninit(name);
        return -ENODEV;
    }
    return port;
}

int cdpdk_vdev_detach(const char *name) {
    uint16_t port;
    if (rte_eth_dev_get_port_by_name(name, &port) == 0) soft_device_forget(port);
    return rte_vdev_uninit(name);
}

int cdpdk_port_by_name(const char *name) {
    uint16_t port;
    return rte_eth_dev_get_port_by_name(name, &port) == 0 ? port : -ENODEV;
}

bool cdpdk_port_is_valid(uint16_t port) { return rte_eth_dev_is_valid_port(port) != 0; }

// ethdev can't say which drivers start and stop single queues: those of these names, by their dev_ops in DPDK 22.11
// (drivers/net/*, .rx_queue_start).
static bool stops_queues(const char *driver) {
    static const char *const names[] = {
        "net_ixgbe", "net_i40e", "net_sfc_efx", "mlx5_pci", "net_bnxt", "net_iavf", "net_ice", "net_enic", "net_cxgbe",
        "net_hns3", "net_txgbe", "net_ngbe", "net_atlantic", "net_tap", "net_pcap", "net_failsafe", "net_fm10k",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(driver, names[i]) == 0) return true;
    return false;
}

// struct rte_device and struct rte_pci_device are for drivers; the bus's own words are for everybody.
static int32_t pci_device_id(const struct rte_device *device) {
    if (device == NULL || strcmp(rte_bus_name(rte_dev_bus(device)), "pci") != 0) return -1;
    const char *words = rte_dev_bus_info(device);
    unsigned int vendor, id;
    if (words == NULL || sscanf(words, "vendor_id=%x, device_id=%x", &vendor, &id) != 2) return -1;
    return (int32_t)(id & 0xFFFF);
}

static const struct { uint64_t ethdev; uint32_t ours; } offloads[] = {
    {RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM, CDPDK_OFFLOAD_CHECKSUM},
    {RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
     CDPDK_OFFLOAD_TSO4 | CDPDK_OFFLOAD_TSO6},
    {RTE_ETH_TX_OFFLOAD_MULTI_SEGS, CDPDK_OFFLOAD_CHAINS},
    {RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, CDPDK_OFFLOAD_IPV4},
};

// As configured: ethdev's own answer (rte_eth_dev_conf_get) is experimental in 22.11.
static uint32_t offloads_on[RTE_MAX_ETHPORTS];

static uint32_t from_ethdev(uint64_t capabilities) {
    uint32_t all = 0;
    for (size_t i = 0; i < sizeof offloads / sizeof offloads[0]; i++)
        if ((capabilities & offloads[i].ethdev) == offloads[i].ethdev) all |= offloads[i].ours;
    return all;
}

static uint64_t to_ethdev(uint32_t wanted) {
    uint64_t all = 0;
    for (size_t i = 0; i < sizeof offloads / sizeof offloads[0]; i++)
        if ((wanted & offloads[i].ours) != 0) all |= offloads[i].ethdev;
    return all;
}

int cdpdk_port_info_get(uint16_t port, cdpdk_port_info *info) {
    struct rte_eth_dev_info device;
    int result = rte_eth_dev_info_get(port, &device);
    if (result != 0) return result;
    memset(info, 0, sizeof *info);
    snprintf(info->driver, sizeof info->driver, "%s", device.driver_name != NULL ? device.driver_name : "");
    char name[RTE_ETH_NAME_MAX_LEN];
    if (rte_eth_dev_get_name_by_port(port, name) == 0) snprintf(info->name, sizeof info->name, "%s", name);
    info->max_rx_queues = device.max_rx_queues;
    info->max_tx_queues = device.max_tx_queues;
    info->rx_queues = device.nb_rx_queues;
    info->tx_queues = device.nb_tx_queues;
    info->rx_desc_max = device.rx_desc_lim.nb_max;
    info->rx_desc_min = device.rx_desc_lim.nb_min;
    info->rx_desc_align = device.rx_desc_lim.nb_align;
    info->tx_desc_max = device.tx_desc_lim.nb_max;
    info->tx_desc_min = device.tx_desc_lim.nb_min;
    info->tx_desc_align = device.tx_desc_lim.nb_align;
    info->runtime_rx_queue_setup = (device.dev_capa & RTE_ETH_DEV_CAPA_RUNTIME_RX_QUEUE_SETUP) != 0;
    rte_eth_dev_get_mtu(port, &info->mtu);
    info->numa_node = rte_eth_dev_socket_id(port);
    struct rte_ether_addr address;
    if (rte_eth_macaddr_get(port, &address) == 0) memcpy(info->mac, address.addr_bytes, sizeof info->mac);
    struct rte_eth_link link;
    if (rte_eth_link_get_nowait(port, &link) == 0) {
        info->is_up = link.link_status == RTE_ETH_LINK_UP;
        info->link_mbps = link.link_speed;
    }
    info->can_stop_queues = stops_queues(info->driver);
    info->max_mac_addresses = device.max_mac_addrs;
    info->vmdq_pools = device.max_vmdq_pools;
    info->vmdq_pool_base = device.vmdq_pool_base;
    info->vmdq_queue_base = device.vmdq_queue_base;
    info->vmdq_queue_count = device.vmdq_queue_num;
    info->pci_device = pci_device_id(device.device);
    info->tx_offloads = from_ethdev(device.tx_offload_capa);
    // net_tap holds the Ethernet header against the MTU when it is to cut a segment, and stops at the first one (rte_eth_tap.c,
    // pmd_tx_burst): everything behind it would wait for ever.
    if (strcmp(info->driver, "net_tap") == 0) info->tx_offloads &= ~(uint32_t)(CDPDK_OFFLOAD_TSO4 | CDPDK_OFFLOAD_TSO6);
    info->tx_offloads_on = offloads_on[port];
    // net_e1000_igb says two queues a pool for the 82576, but that NIC puts pool n on queue n, and on n + 8 by RSS, which
    // VMDQ_ONLY switches off (82576 datasheet, 8.26.1: PQn = VFn + VQn * 8).
    if (strcmp(info->driver, "net_e1000_igb") == 0 && info->vmdq_queue_count > info->vmdq_pools)
        info->vmdq_queue_count = info->vmdq_pools;
    const cdpdk_soft_device *soft = soft_device(port);
    if (soft != NULL) soft->info(soft->engine, info);
    return 0;
}

int cdpdk_port_configure(uint16_t port, uint16_t rx_queues, uint16_t tx_queues, uint16_t pools, uint32_t wanted) {
    struct rte_eth_dev_info device;
    int result = rte_eth_dev_info_get(port, &device);
    if (result != 0) return result;
    struct rte_eth_conf configuration;
    memset(&configuration, 0, sizeof configuration);
    const cdpdk_soft_device *soft = soft_device(port);
    // Link events cost an interrupt vector; devices in software have none, or are watched otherwise.
    if ((*device.dev_flags & RTE_ETH_DEV_INTR_LSC) != 0 && pci_device_id(device.device) >= 0)
        configuration.intr_conf.lsc = 1;
    if (pools > 0 && soft == NULL) {
        if (pools > device.max_vmdq_pools) return -ENOTSUP;
        configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_VMDQ_ONLY;
        struct rte_eth_vmdq_rx_conf *vmdq = &configuration.rx_adv_conf.vmdq_rx_conf;
        vmdq->nb_queue_pools = (enum rte_eth_nb_pools)pools;
        vmdq->enable_default_pool = 1;
        vmdq->default_pool = 0;
        // One mode for all pools: ixgbe writes it into each pool's VMOLR.
        vmdq->rx_mode = RTE_ETH_VMDQ_ACCEPT_UNTAG | RTE_ETH_VMDQ_ACCEPT_BROADCAST | RTE_ETH_VMDQ_ACCEPT_MULTICAST;
    }
    configuration.txmode.offloads = to_ethdev(wanted);
    // What comes from another guest need not be finished only to be left unfinished again (virtio 1.2, 5.1.3.1: GUEST_CSUM, GUEST_TSO).
    if (wanted != 0 && strncmp(device.driver_name, "net_virtio", 10) == 0)
        configuration.rxmode.offloads = device.rx_offload_capa &
            (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_SCATTER);
    result = rte_eth_dev_configure(port, rx_queues, tx_queues, &configuration);
    if (result == 0) offloads_on[port] = wanted;
    if (result != 0 || soft == NULL) return result;
    return soft->configure(soft->engine, rx_queues, pools);
}

int cdpdk_port_rx_queue_setup(uint16_t port, uint16_t queue, uint16_t descriptors, cdpdk_mempool *pool, bool drop_when_full) {
    struct rte_eth_dev_info device;
    int result = rte_eth_dev_info_get(port, &device);
    if (result != 0) return result;
    struct rte_eth_rxconf configuration = device.default_rxconf;
    configuration.offloads = 0;
    // A VI whose reader hangs must not stall the port's shared receive FIFO (ixgbe, i40e and igb default to 0).
    if (drop_when_full) configuration.rx_drop_en = 1;
    result = rte_eth_rx_queue_setup(
        port, queue, descriptors, (unsigned int)rte_eth_dev_socket_id(port), &configuration, (struct rte_mempool *)pool);
    // net_ring can't set a queue up while it runs; whether the device in front of it can is the device's to say.
    if (result == -EBUSY && soft_device(port) != NULL) result = 0;
    return result != 0 ? result : soft_device_hook_receive(port, queue, descriptors, pool, drop_when_full);
}

int cdpdk_port_tx_queue_setup(uint16_t port, uint16_t queue, uint16_t descriptors) {
    int result = rte_eth_tx_queue_setup(port, queue, descriptors, (unsigned int)rte_eth_dev_socket_id(port), NULL);
    return result != 0 ? result : soft_device_hook_transmit(port, queue);
}

int cdpdk_port_set_mtu(uint16_t port, uint16_t mtu) { return rte_eth_dev_set_mtu(port, mtu); }

int cdpdk_port_start(uint16_t port) {
    int result = rte_eth_dev_start(port);
    const cdpdk_soft_device *soft = soft_device(port);
    return result != 0 || soft == NULL ? result : soft->start(soft->engine);
}

int cdpdk_port_stop(uint16_t port) {
    int result = rte_eth_dev_stop(port);
    const cdpdk_soft_device *soft = soft_device(port);
    if (result == 0 && soft != NULL) soft->stop(soft->engine);
    return result;
}

int cdpdk_port_reset(uint16_t port) {
    const cdpdk_soft_device *soft = soft_device(port);
    // net_ring has no reset of its own.
    if (soft == NULL) return rte_eth_dev_reset(port);
    int result = cdpdk_port_stop(port);
    return result != 0 ? result : soft->reset(soft->engine);
}

int cdpdk_port_close(uint16_t port) {
    soft_device_forget(port);
    return rte_eth_dev_close(port);
}

int cdpdk_port_promiscuous(uint16_t port, bool on) {
    return on ? rte_eth_promiscuous_enable(port) : rte_eth_promiscuous_disable(port);
}

static void to_address(const uint8_t mac[6], struct rte_ether_addr *address) {
    memcpy(address->addr_bytes, mac, sizeof address->addr_bytes);
}

int cdpdk_port_address_add(uint16_t port, const uint8_t mac[6], uint32_t pool) {
    const cdpdk_soft_device *soft = soft_device(port);
    if (soft != NULL) return soft->address_add(soft->engine, mac, pool);
    struct rte_ether_addr address;
    to_address(mac, &address);
    return rte_eth_dev_mac_addr_add(port, &address, pool);
}

int cdpdk_port_address_remove(uint16_t port, const uint8_t mac[6]) {
    const cdpdk_soft_device *soft = soft_device(port);
    if (soft != NULL) return soft->address_remove(soft->engine, mac);
    struct rte_ether_addr address;
    to_address(mac, &address);
    return rte_eth_dev_mac_addr_remove(port, &address);
}

int cdpdk_port_rx_queue_start(uint16_t port, uint16_t queue) {
    const cdpdk_soft_device *soft = soft_device(port);
    return soft != NULL ? soft->queue_start(soft->engine, queue) : rte_eth_dev_rx_queue_start(port, queue);
}

int cdpdk_port_rx_queue_stop(uint16_t port, uint16_t queue) {
    const cdpdk_soft_device *soft = soft_device(port);
    return soft != NULL ? soft->queue_stop(soft->engine, queue) : rte_eth_dev_rx_queue_stop(port, queue);
}

int cdpdk_port_stats_get(uint16_t port, cdpdk_port_stats *stats) {
    const cdpdk_soft_device *soft = soft_device(port);
    if (soft != NULL) {
        int answer = soft->stats(soft->engine, stats);
        if (answer != -ENOTSUP) return answer;
    }
    struct rte_eth_stats all;
    int result = rte_eth_stats_get(port, &all);
    if (result != 0) return result;
    *stats = (cdpdk_port_stats){
        .rx_packets = all.ipackets, .rx_bytes = all.ibytes, .tx_packets = all.opackets, .tx_bytes = all.obytes,
        .rx_missed = all.imissed, .rx_errors = all.ierrors, .tx_errors = all.oerrors, .rx_no_mbuf = all.rx_nombuf,
    };
    return 0;
}

int cdpdk_port_queue_stats_get(uint16_t port, cdpdk_queue_stats *stats, uint16_t count) {
    const cdpdk_soft_device *soft = soft_device(port);
    if (soft != NULL) {
        int answer = soft->queue_stats(soft->engine, stats, count);
        if (answer != -ENOTSUP) return answer;
    }
    struct rte_eth_stats all;
    int result = rte_eth_stats_get(port, &all);
    if (result != 0) return result;
    if (count > RTE_ETHDEV_QUEUE_STAT_CNTRS) count = RTE_ETHDEV_QUEUE_STAT_CNTRS;
    for (uint16_t queue = 0; queue < count; queue++) {
        stats[queue] = (cdpdk_queue_stats){
            .rx_packets = all.q_ipackets[queue], .rx_bytes = all.q_ibytes[queue], .tx_packets = all.q_opackets[queue],
            .tx_bytes = all.q_obytes[queue],
        };
    }
    return count;
}

int cdpdk_port_from_rings(
    const char *name, cdpdk_ring **rx, uint16_t rx_count, cdpdk_ring **tx, uint16_t tx_count, int numa_node) {
    int port = rte_eth_from_rings(
        name, (struct rte_ring **)rx, rx_count, (struct rte_ring **)tx, tx_count, numa_node < 0 ? 0 : (unsigned int)numa_node);
    return port < 0 ? -(rte_errno != 0 ? rte_errno : EINVAL) : port;
}

uint16_t cdpdk_rx_burst(uint16_t port, uint16_t queue, cdpdk_mbuf **slots, uint16_t count) {
    uint16_t received = rte_eth_rx_burst(port, queue, real(slots), count);
    shim_acquire_mbufs(slots, received);
    return received;
}

uint16_t cdpdk_tx_burst(uint16_t port, uint16_t queue, cdpdk_mbuf **slots, uint16_t count) {
    shim_release_mbufs(slots, count);
    return rte_eth_tx_burst(port, queue, real(slots), count);
}

#include "uninstrumented_end.h"
