// SPDX-License-Identifier: BSD-3-Clause
#include "uninstrumented_begin.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <rte_ethdev.h>

#include "device_ops.h"

struct cdpdk_port_events {
    struct cdpdk_port_events *next;
    cdpdk_port_event_sink sink;
    void *context;
    uint16_t port;
    bool is_gone;
};

static const enum rte_eth_event_type types[] = {
    [CDPDK_PORT_EVENT_LINK] = RTE_ETH_EVENT_INTR_LSC,
    [CDPDK_PORT_EVENT_RESET] = RTE_ETH_EVENT_INTR_RESET,
    [CDPDK_PORT_EVENT_RECOVERING] = RTE_ETH_EVENT_ERR_RECOVERING,
    [CDPDK_PORT_EVENT_RECOVERED] = RTE_ETH_EVENT_RECOVERY_SUCCESS,
    [CDPDK_PORT_EVENT_RECOVERY_FAILED] = RTE_ETH_EVENT_RECOVERY_FAILED,
};
#define EVENTS (sizeof types / sizeof types[0])

// Held while the sinks run, so that one that was unregistered runs no more; recursive, so that a sink may unregister.
static pthread_mutex_t lock;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct cdpdk_port_events *registrations;
static unsigned int depth;

static void make_lock(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/// Frees what was unregistered, when no walk over the list is under way.
static void sweep(void) {
    if (depth > 0) return;
    for (struct cdpdk_port_events **link = &registrations; *link != NULL;) {
        struct cdpdk_port_events *events = *link;
        if (events->is_gone) {
            *link = events->next;
            free(events);
        } else {
            link = &events->next;
        }
    }
}

void cdpdk_port_event_raise(uint16_t port, uint32_t event) {
    pthread_once(&once, make_lock);
    pthread_mutex_lock(&lock);
    depth++;
    for (struct cdpdk_port_events *events = registrations; events != NULL; events = events->next)
        if (!events->is_gone && events->port == port) events->sink(events->context, port, event);
    depth--;
    sweep();
    pthread_mutex_unlock(&lock);
}

static int from_ethdev(uint16_t port, enum rte_eth_event_type type, void *context, void *result) {
    (void)context, (void)result;
    for (uint32_t event = 0; event < EVENTS; event++)
        if (types[event] == type) cdpdk_port_event_raise(port, event);
    return 0;
}

// One callback of ethdev's for each port and kind, however many have registered here: ethdev tells callbacks apart by function
// and argument, and forgets them with the port.
static void ask_ethdev(uint16_t port) {
    for (uint32_t event = 0; event < EVENTS; event++)
        rte_eth_dev_callback_register(port, types[event], from_ethdev, NULL);
}

cdpdk_port_events *cdpdk_port_events_register(uint16_t port, cdpdk_port_event_sink sink, void *context, int *error) {
    pthread_once(&once, make_lock);
    struct cdpdk_port_events *events = calloc(1, sizeof *events);
    *error = -ENOMEM;
    if (events == NULL) return NULL;
    *events = (struct cdpdk_port_events){.sink = sink, .context = context, .port = port};
    *error = -ENODEV;
    if (!rte_eth_dev_is_valid_port(port)) {
        free(events);
        return NULL;
    }
    *error = 0;
    ask_ethdev(port);
    pthread_mutex_lock(&lock);
    events->next = registrations;
    registrations = events;
    pthread_mutex_unlock(&lock);
    return events;
}

void cdpdk_port_events_unregister(cdpdk_port_events *events) {
    pthread_mutex_lock(&lock);
    events->is_gone = true;
    sweep();
    pthread_mutex_unlock(&lock);
}

#include "uninstrumented_end.h"
