// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vhost.h>

#include "sanitizers.h"

// librte_vhost's callbacks get a device id and nothing else: the socket's path leads back to who registered it.
struct socket {
    struct socket *next;
    char *path;
    cdpdk_vhost_callbacks callbacks;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct socket *sockets;

static bool find(int device, cdpdk_vhost_callbacks *callbacks) {
    char path[PATH_MAX];
    if (rte_vhost_get_ifname(device, path, sizeof path) != 0) return false;
    bool found = false;
    pthread_mutex_lock(&lock);
    for (struct socket *socket = sockets; socket != NULL && !found; socket = socket->next)
        if (strcmp(socket->path, path) == 0) {
            *callbacks = socket->callbacks;
            found = true;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

static int new_device(int device) {
    cdpdk_vhost_callbacks callbacks;
    if (!find(device, &callbacks)) return -1;
    // Polled on both sides: the guest need not kick.
    for (uint16_t queue = 0; queue < rte_vhost_get_vring_num(device); queue++)
        rte_vhost_enable_guest_notification(device, queue, 0);
    callbacks.connected(callbacks.context, device);
    return 0;
}

static void destroy_device(int device) {
    cdpdk_vhost_callbacks callbacks;
    if (find(device, &callbacks)) callbacks.disconnected(callbacks.context, device);
}

static const struct rte_vhost_device_ops operations = {.new_device = new_device, .destroy_device = destroy_device};

int cdpdk_vhost_register(const char *path, const cdpdk_vhost_callbacks *callbacks) {
    struct socket *socket = calloc(1, sizeof *socket);
    if (socket == NULL) return -ENOMEM;
    socket->path = strdup(path);
    socket->callbacks = *callbacks;
    if (socket->path == NULL) {
        free(socket);
        return -ENOMEM;
    }
    pthread_mutex_lock(&lock);
    socket->next = sockets;
    sockets = socket;
    pthread_mutex_unlock(&lock);

    // A guest's offload requests come as standard mbuf flags; none is offered until the switch can honour each of them.
    const uint64_t offloads = 1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM | 1ULL << VIRTIO_NET_F_HOST_TSO4 |
        1ULL << VIRTIO_NET_F_HOST_TSO6 | 1ULL << VIRTIO_NET_F_HOST_UFO | 1ULL << VIRTIO_NET_F_HOST_ECN |
        1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6 | 1ULL << VIRTIO_NET_F_GUEST_UFO |
        1ULL << VIRTIO_NET_F_GUEST_ECN;
    bool registered = false;
    int result = rte_vhost_driver_register(path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS);
    if (result == 0) {
        registered = true;
        result = rte_vhost_driver_disable_features(path, offloads);
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

uint16_t cdpdk_vhost_vring_count(int device) { return rte_vhost_get_vring_num(device); }

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
