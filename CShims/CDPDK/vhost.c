// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <rte_vhost.h>

#include "sanitizers.h"
#include "vhost_memory.h"

// librte_vhost's callbacks get a device id and nothing else: the socket's path leads back to who registered it.
struct socket {
    struct socket *next;
    char *path;
    bool is_client;
    cdpdk_vhost_callbacks callbacks;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct socket *sockets;
// Of each device's connection, plus 1; 0 for none.
static int descriptors[SHIM_VHOST_DEVICES];

static bool find_at(const char *path, struct socket *copy) {
    bool found = false;
    pthread_mutex_lock(&lock);
    for (struct socket *socket = sockets; socket != NULL && !found; socket = socket->next)
        if (strcmp(socket->path, path) == 0) {
            *copy = *socket;
            found = true;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

static bool find(int device, cdpdk_vhost_callbacks *callbacks) {
    char path[PATH_MAX];
    struct socket socket;
    if (rte_vhost_get_ifname(device, path, sizeof path) != 0 || !find_at(path, &socket)) return false;
    *callbacks = socket.callbacks;
    return true;
}

// librte_vhost does not tell a connection's descriptor: it is one whose own end has the socket's path, or whose far end, where the guest serves
// it. A guest in this process has the other ends, which are its own affair.
static bool is_connection(int descriptor, const char *path, bool is_client) {
    struct sockaddr_un near = {0}, far = {0};
    socklen_t near_length = sizeof near - 1, far_length = sizeof far - 1;
    // One that only listens has no peer.
    if (getpeername(descriptor, (struct sockaddr *)&far, &far_length) != 0) return false;
    if (getsockname(descriptor, (struct sockaddr *)&near, &near_length) != 0) return false;
    return near.sun_family == AF_UNIX && strcmp(is_client ? far.sun_path : near.sun_path, path) == 0;
}

static int end_of_descriptors(void) {
    struct rlimit files;
    // As many as librte_vhost can serve, and more.
    return getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < 16384 ? (int)files.rlim_cur : 16384;
}

// Of several at one socket, the one that is no other device's.
static void note_descriptor(int device, int descriptor) {
    pthread_mutex_lock(&lock);
    bool is_others = false;
    for (int other = 0; other < SHIM_VHOST_DEVICES; other++)
        is_others |= other != device && descriptors[other] == descriptor + 1;
    if (!is_others && device < SHIM_VHOST_DEVICES) descriptors[device] = descriptor + 1;
    pthread_mutex_unlock(&lock);
}

static void forget_descriptor(int device) {
    pthread_mutex_lock(&lock);
    if (device < SHIM_VHOST_DEVICES) descriptors[device] = 0;
    pthread_mutex_unlock(&lock);
}

// One thread of librte_vhost reads the messages of all guests, and waits for the rest of one, or for room for an answer, as long as the
// guest likes (read_vhost_message, send_fd_message). A guest sends a message whole and reads what it asked for.
static void limit_waiting(int device, const char *path, bool is_client) {
    const struct timeval limit = {.tv_usec = 200000};
    int end = end_of_descriptors();
    for (int descriptor = 3; descriptor < end; descriptor++) {
        if (!is_connection(descriptor, path, is_client)) continue;
        note_descriptor(device, descriptor);
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
}

static void refused(int device, cdpdk_vhost_fault fault) {
    cdpdk_vhost_callbacks callbacks;
    if (find(device, &callbacks)) callbacks.refused(callbacks.context, device, fault);
    cdpdk_vhost_hang_up(device);
}

static int new_connection(int device) {
    char path[PATH_MAX];
    struct socket socket;
    if (rte_vhost_get_ifname(device, path, sizeof path) != 0 || !find_at(path, &socket)) return 0;
    forget_descriptor(device);
    limit_waiting(device, path, socket.is_client);
    shim_vhost_memory_watch(device, refused);
    socket.callbacks.opened(socket.callbacks.context, device);
    return 0;
}

static void destroy_connection(int device) {
    forget_descriptor(device);
    shim_vhost_memory_forget(device);
}

void cdpdk_vhost_hang_up(int device) {
    char path[PATH_MAX];
    struct socket socket;
    if (device < 0 || device >= SHIM_VHOST_DEVICES) return;
    if (rte_vhost_get_ifname(device, path, sizeof path) != 0 || !find_at(path, &socket)) return;
    pthread_mutex_lock(&lock);
    int descriptor = descriptors[device] - 1;
    pthread_mutex_unlock(&lock);
    // librte_vhost may have closed it just now, and the number be another's. Where it is not known, all at the socket go.
    int first = descriptor >= 0 ? descriptor : 3;
    int end = descriptor >= 0 ? descriptor + 1 : end_of_descriptors();
    for (descriptor = first; descriptor < end; descriptor++)
        if (is_connection(descriptor, path, socket.is_client)) shutdown(descriptor, SHUT_RDWR);
}

static int new_device(int device) {
    cdpdk_vhost_callbacks callbacks;
    if (!find(device, &callbacks) || shim_vhost_memory_is_lost(device)) return -1;
    callbacks.connected(callbacks.context, device);
    return 0;
}

static void destroy_device(int device) {
    cdpdk_vhost_callbacks callbacks;
    if (find(device, &callbacks)) callbacks.disconnected(callbacks.context, device);
}

static int vring_state_changed(int device, uint16_t ring, int enable) {
    cdpdk_vhost_callbacks callbacks;
    if (!find(device, &callbacks)) return 0;
    // Called with the ring's lock held: no function of librte_vhost may be used for it here.
    callbacks.ring_changed(callbacks.context, device, ring, enable != 0);
    return 0;
}

static const struct rte_vhost_device_ops operations = {
    .new_device = new_device, .destroy_device = destroy_device, .vring_state_changed = vring_state_changed,
    .new_connection = new_connection, .destroy_connection = destroy_connection,
};

uint32_t cdpdk_vhost_offloads(int device) {
    uint64_t features;
    if (rte_vhost_get_negotiated_features(device, &features) != 0) return 0;
    const uint64_t whole = 1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6;
    uint32_t offloads = 0;
    // Without it the others mean nothing (virtio 1.2, 5.1.3.1).
    if ((features & 1ULL << VIRTIO_NET_F_GUEST_CSUM) != 0) {
        offloads |= CDPDK_OFFLOAD_CHECKSUM;
        if ((features & 1ULL << VIRTIO_NET_F_GUEST_TSO4) != 0) offloads |= CDPDK_OFFLOAD_TSO4;
        if ((features & 1ULL << VIRTIO_NET_F_GUEST_TSO6) != 0) offloads |= CDPDK_OFFLOAD_TSO6;
    }
    // virtio 1.2, 5.1.6.3.1: who takes whole segments, or merges buffers, has room for long frames.
    if ((features & (whole | 1ULL << VIRTIO_NET_F_MRG_RXBUF)) != 0) offloads |= CDPDK_OFFLOAD_CHAINS;
    return offloads;
}

int cdpdk_vhost_register(const char *path, bool is_client, const cdpdk_vhost_callbacks *callbacks) {
    struct socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) return -ENOMEM;
    socket->path = strdup(path);
    socket->is_client = is_client;
    socket->callbacks = *callbacks;
    if (socket->path == NULL) {
        free(socket);
        return -ENOMEM;
    }
    pthread_mutex_lock(&lock);
    socket->next = sockets;
    sockets = socket;
    pthread_mutex_unlock(&lock);

    // Whatever a guest asks for is done by somebody (offload.c), but for UDP fragmentation, and for segments with a congestion mark of their
    // own, which nobody behind us is told about.
    const uint64_t unwanted = 1ULL << VIRTIO_NET_F_HOST_UFO | 1ULL << VIRTIO_NET_F_HOST_ECN | 1ULL << VIRTIO_NET_F_GUEST_UFO |
        1ULL << VIRTIO_NET_F_GUEST_ECN;
    bool registered = false;
    int result = rte_vhost_driver_register(
        path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS | (is_client ? RTE_VHOST_USER_CLIENT : 0));
    if (result == 0) {
        registered = true;
        result = rte_vhost_driver_disable_features(path, unwanted);
    }
    if (result == 0) result = rte_vhost_driver_callback_register(path, &operations);
    if (result == 0) result = rte_vhost_driver_start(path);
    if (result == 0) return 0;
    if (registered) {
        cdpdk_vhost_unregister(path);
    } else {
        pthread_mutex_lock(&lock);
        for (struct socket **link = &sockets; *link != NULL; link = &(*link)->next)
            if (*link == socket) {
                *link = socket->next;
                break;
            }
        pthread_mutex_unlock(&lock);
        free(socket->path);
        free(socket);
    }
    return errno != 0 ? -errno : -EADDRINUSE;
}

int cdpdk_vhost_unregister(const char *path) {
    // Calls destroy_device for a connected guest, so the socket must still be found.
    int result = rte_vhost_driver_unregister(path);
    pthread_mutex_lock(&lock);
    for (struct socket **link = &sockets; *link != NULL; link = &(*link)->next) {
        if (strcmp((*link)->path, path) != 0) continue;
        struct socket *gone = *link;
        *link = gone->next;
        free(gone->path);
        free(gone);
        break;
    }
    pthread_mutex_unlock(&lock);
    return result == 0 ? 0 : -ENOENT;
}

void cdpdk_vhost_quiet(int device, uint16_t queue) { rte_vhost_enable_guest_notification(device, queue, 0); }

uint16_t cdpdk_vhost_enqueue(int device, uint16_t queue, cdpdk_mbuf **slots, uint16_t count) {
    return rte_vhost_enqueue_burst(device, queue, (struct rte_mbuf **)(void *)slots, count);
}

uint16_t cdpdk_vhost_dequeue(int device, uint16_t queue, cdpdk_mempool *pool, cdpdk_mbuf **slots, uint16_t count) {
    uint16_t taken = rte_vhost_dequeue_burst(
        device, queue, (struct rte_mempool *)pool, (struct rte_mbuf **)(void *)slots, count);
    shim_acquire_mbufs(slots, taken);
    return taken;
}

#include "uninstrumented_end.h"
