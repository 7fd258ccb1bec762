// SPDX-License-Identifier: BSD-3-Clause
//
// What a sender left for others to do: checksums that cover only the pseudo-header, TCP segments of up to 64 KB. A guest asks for it by its
// virtio-net header (virtio 1.2, 5.1.6.2), which librte_vhost turns into flags of a received mbuf.
#include "uninstrumented_begin.h"

#include <errno.h>
#include <stddef.h>

#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "sanitizers.h"

const uint64_t cdpdk_mbuf_unfinished_mask = RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_LRO;
const uint64_t cdpdk_mbuf_segmentation_flag = RTE_MBUF_F_TX_TCP_SEG;

// Every flag that says something about a received frame's checksums or segments: none of it is true of the frame any more once it
// is finished, and none of it is the transmitter's business.
static const uint64_t received = RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_LRO;

// What makes more pieces than that is cut here, whoever the receiver is: drivers have limits of their own (net_tap's MAX_GSO_MBUFS is one),
// and a frame that one refuses is offered again for ever, with all that waits behind it.
static const uint32_t driver_pieces = 64;

struct layers {
    uint32_t l2, l3, l4;
    bool is_ipv6, is_tcp;
    // Extension headers: neither a NIC nor librte_vhost computes the pseudo-header's sum as it is then.
    bool is_extended;
};

// Where the headers are, all of them in the first segment.
static bool find_layers(const struct rte_mbuf *mbuf, struct layers *layers) {
    struct rte_net_hdr_lens lengths;
    uint32_t type = rte_net_get_ptype(mbuf, &lengths, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK);
    switch (type & RTE_PTYPE_L3_MASK) {
    case RTE_PTYPE_L3_IPV4:
    case RTE_PTYPE_L3_IPV4_EXT:
        layers->is_ipv6 = layers->is_extended = false;
        break;
    case RTE_PTYPE_L3_IPV6:
        layers->is_ipv6 = true;
        layers->is_extended = false;
        break;
    case RTE_PTYPE_L3_IPV6_EXT: layers->is_ipv6 = layers->is_extended = true; break;
    default: return false;
    }
    switch (type & RTE_PTYPE_L4_MASK) {
    case RTE_PTYPE_L4_TCP: layers->is_tcp = true; break;
    case RTE_PTYPE_L4_UDP: layers->is_tcp = false; break;
    default: return false;
    }
    layers->l2 = lengths.l2_len;
    layers->l3 = lengths.l3_len;
    layers->l4 = lengths.l4_len;
    uint32_t least = layers->is_tcp ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr);
    return layers->l4 >= least && layers->l2 + layers->l3 + layers->l4 <= rte_pktmbuf_data_len(mbuf);
}

static uint16_t *checksum_field(struct rte_mbuf *mbuf, const struct layers *layers) {
    size_t offset = layers->is_tcp ? offsetof(struct rte_tcp_hdr, cksum) : offsetof(struct rte_udp_hdr, dgram_cksum);
    return rte_pktmbuf_mtod_offset(mbuf, uint16_t *, layers->l2 + layers->l3 + offset);
}

// The field holds the sum of the pseudo-header, as virtio asks of the sender: it is added in with the rest.
static int fill_checksum(struct rte_mbuf *mbuf, const struct layers *layers) {
    uint32_t start = layers->l2 + layers->l3;
    uint16_t sum;
    if (rte_raw_cksum_mbuf(mbuf, start, rte_pktmbuf_pkt_len(mbuf) - start, &sum) != 0) return -EINVAL;
    uint16_t checksum = (uint16_t)~sum;
    // RFC 768: a computed zero goes as all ones.
    *checksum_field(mbuf, layers) = checksum == 0 && !layers->is_tcp ? 0xFFFF : checksum;
    return 0;
}

static void request(struct rte_mbuf *mbuf, const struct layers *layers, bool segments, uint32_t receiver) {
    mbuf->l2_len = layers->l2;
    mbuf->l3_len = layers->l3;
    mbuf->l4_len = layers->l4;
    mbuf->ol_flags |= layers->is_ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
    mbuf->ol_flags |= layers->is_tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
    if (!segments) return;
    mbuf->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
    // Each segment's IPv4 header is another one. virtio has no word for that, and whoever cuts knows.
    if (!layers->is_ipv6 && (receiver & CDPDK_OFFLOAD_IPV4) != 0) mbuf->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
}

int cdpdk_mbuf_finish(cdpdk_mbuf *opaque, uint32_t receiver) {
    struct rte_mbuf *mbuf = (struct rte_mbuf *)opaque;
    uint64_t flags = mbuf->ol_flags;
    bool segments = (flags & RTE_MBUF_F_RX_LRO) != 0;
    mbuf->ol_flags &= ~(received | RTE_MBUF_F_TX_OFFLOAD_MASK);
    // Both bits: the field is not filled in. One of them is the NIC's judgement about one that is.
    if (!segments && (flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE) return 0;
    struct layers layers;
    if (!find_layers(mbuf, &layers)) return -EINVAL;
    // One packet of IP, whatever a guest's descriptors add up to: no guest has buffers for more.
    uint32_t longest = UINT16_MAX + (layers.is_ipv6 ? (uint32_t)sizeof(struct rte_ipv6_hdr) : 0);
    if (rte_pktmbuf_pkt_len(mbuf) - layers.l2 > longest) return -EINVAL;
    uint32_t headers = layers.l2 + layers.l3 + layers.l4;
    uint32_t payload = rte_pktmbuf_pkt_len(mbuf) - headers;
    if (segments) {
        if (!layers.is_tcp || mbuf->tso_segsz == 0) return -EINVAL;
        // One segment is a frame like any other.
        if (payload <= mbuf->tso_segsz) segments = false;
    }
    if (!segments) {
        if (layers.is_extended || (receiver & CDPDK_OFFLOAD_CHECKSUM) == 0) return fill_checksum(mbuf, &layers);
        request(mbuf, &layers, false, receiver);
        return 0;
    }
    uint32_t pieces = (payload + mbuf->tso_segsz - 1) / mbuf->tso_segsz;
    uint32_t wanted = layers.is_ipv6 ? CDPDK_OFFLOAD_TSO6 : CDPDK_OFFLOAD_TSO4;
    if (!layers.is_extended && (receiver & wanted) != 0 && pieces <= driver_pieces) {
        request(mbuf, &layers, true, receiver);
        return 0;
    }
    return (int)pieces;
}

uint32_t cdpdk_mbuf_segment_length(const cdpdk_mbuf *opaque) {
    const struct rte_mbuf *mbuf = (const struct rte_mbuf *)opaque;
    if ((mbuf->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0)
        return (uint32_t)(mbuf->l2_len + mbuf->l3_len + mbuf->l4_len) + mbuf->tso_segsz;
    return mbuf->pkt_len;
}

static struct rte_mbuf *allocate(struct rte_mempool *pool) {
    cdpdk_mbuf *mbuf = (cdpdk_mbuf *)rte_pktmbuf_alloc(pool);
    if (mbuf != NULL) shim_acquire_mbufs(&mbuf, 1);
    return (struct rte_mbuf *)mbuf;
}

// Adds `length` bytes of `source` to the end of a chain, with more mbufs as they are needed.
static bool append(
    struct rte_mbuf *chain, struct rte_mempool *pool, const struct rte_mbuf *source, uint32_t offset, uint32_t length) {
    struct rte_mbuf *last = rte_pktmbuf_lastseg(chain);
    while (length > 0) {
        uint32_t room = rte_pktmbuf_tailroom(last);
        if (room == 0) {
            struct rte_mbuf *next = allocate(pool);
            if (next == NULL) return false;
            last->next = next;
            last = next;
            chain->nb_segs++;
            continue;
        }
        uint32_t part = length < room ? length : room;
        char *target = rte_pktmbuf_mtod_offset(last, char *, last->data_len);
        const void *bytes = rte_pktmbuf_read(source, offset, part, target);
        if (bytes == NULL) return false;
        if (bytes != target) rte_memcpy(target, bytes, part);
        last->data_len += (uint16_t)part;
        chain->pkt_len += part;
        offset += part;
        length -= part;
    }
    return true;
}

static uint16_t folded(uint32_t sum) {
    sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)((sum & 0xFFFF) + (sum >> 16));
}

// The pseudo-header's sum for a segment of `length` bytes. The addresses are read from the IP header, since not every sender counts
// the length in for segments. Behind extension headers, where the destination may be another one (RFC 8200, 8.1), the sender's own sum
// is put right for the new length.
static uint16_t pseudo_sum(const struct rte_mbuf *segment, const struct layers *layers, uint32_t length, uint32_t whole) {
    const char *ip = rte_pktmbuf_mtod_offset(segment, const char *, layers->l2);
    if (layers->is_extended) {
        uint16_t given = *checksum_field((struct rte_mbuf *)(uintptr_t)segment, layers);
        return folded(given + (uint16_t)~rte_cpu_to_be_16((uint16_t)whole) + rte_cpu_to_be_16((uint16_t)length));
    }
    const void *addresses = ip + (layers->is_ipv6 ? offsetof(struct rte_ipv6_hdr, src_addr) : offsetof(struct rte_ipv4_hdr, src_addr));
    uint32_t sum = rte_raw_cksum(addresses, layers->is_ipv6 ? 32 : 8);
    return folded(sum + rte_cpu_to_be_16(IPPROTO_TCP) + rte_cpu_to_be_16((uint16_t)length));
}

static int finish_segment(struct rte_mbuf *segment, const struct layers *layers, uint32_t index, bool is_last, uint32_t offset, uint32_t whole) {
    uint32_t length = segment->pkt_len - layers->l2 - layers->l3;
    if (layers->is_ipv6) {
        struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(segment, struct rte_ipv6_hdr *, layers->l2);
        ip->payload_len = rte_cpu_to_be_16((uint16_t)(length + layers->l3 - sizeof *ip));
    } else {
        struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(segment, struct rte_ipv4_hdr *, layers->l2);
        ip->total_length = rte_cpu_to_be_16((uint16_t)(length + layers->l3));
        ip->packet_id = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->packet_id) + index));
        ip->hdr_checksum = 0;
        ip->hdr_checksum = rte_ipv4_cksum(ip);
    }
    struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(segment, struct rte_tcp_hdr *, layers->l2 + layers->l3);
    tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + offset);
    // RFC 3168, 6.1.2: CWR is set on the first only; FIN and PSH end what they end.
    if (index > 0) tcp->tcp_flags &= (uint8_t)~RTE_TCP_CWR_FLAG;
    if (!is_last) tcp->tcp_flags &= (uint8_t)~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
    tcp->cksum = pseudo_sum(segment, layers, length, whole);
    return fill_checksum(segment, layers);
}

int cdpdk_mbuf_split(const cdpdk_mbuf *opaque, uint32_t first, cdpdk_mempool *handle, cdpdk_mbuf **slots, uint32_t room) {
    const struct rte_mbuf *mbuf = (const struct rte_mbuf *)opaque;
    struct rte_mempool *pool = (struct rte_mempool *)handle;
    struct layers layers;
    if (!find_layers(mbuf, &layers) || !layers.is_tcp || mbuf->tso_segsz == 0) return -EINVAL;
    uint32_t headers = layers.l2 + layers.l3 + layers.l4;
    uint32_t payload = mbuf->pkt_len - headers;
    uint32_t made = 0;
    for (uint32_t index = first; made < room; index++) {
        uint32_t offset = index * mbuf->tso_segsz;
        if (offset >= payload) break;
        uint32_t length = payload - offset < mbuf->tso_segsz ? payload - offset : mbuf->tso_segsz;
        struct rte_mbuf *segment = allocate(pool);
        if (segment == NULL) return made > 0 ? (int)made : -ENOMEM;
        bool is_last = offset + length == payload;
        bool is_made = append(segment, pool, mbuf, 0, headers) && rte_pktmbuf_data_len(segment) >= headers &&
            append(segment, pool, mbuf, headers + offset, length);
        if (!is_made || finish_segment(segment, &layers, index, is_last, offset, mbuf->pkt_len - layers.l2 - layers.l3) != 0) {
            rte_pktmbuf_free(segment);
            return made > 0 ? (int)made : -ENOMEM;
        }
        segment->port = mbuf->port;
        slots[made++] = (cdpdk_mbuf *)segment;
    }
    return (int)made;
}

cdpdk_mbuf *cdpdk_mbuf_copy_whole(const cdpdk_mbuf *source, cdpdk_mempool *pool) {
    cdpdk_mbuf *copy = (cdpdk_mbuf *)rte_pktmbuf_copy(
        (const struct rte_mbuf *)source, (struct rte_mempool *)pool, 0, UINT32_MAX);
    if (copy != NULL) shim_acquire_mbufs(&copy, 1);
    return copy;
}

bool cdpdk_tx_prepare(uint16_t port, uint16_t queue, cdpdk_mbuf *mbuf) {
    struct rte_mbuf *one = (struct rte_mbuf *)mbuf;
    return rte_eth_tx_prepare(port, queue, &one, 1) == 1;
}

#include "uninstrumented_end.h"
