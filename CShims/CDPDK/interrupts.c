// SPDX-License-Identifier: BSD-3-Clause
//
// A hold on the EAL's interrupt thread.
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <rte_alarm.h>

#include "cdpdk.h"

enum stage { ASKED, HELD, LEFT, RETURNED };

struct cdpdk_interrupt_hold {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum stage stage;
};

static void go(cdpdk_interrupt_hold *hold, enum stage stage) {
    hold->stage = stage;
    pthread_cond_broadcast(&hold->changed);
}

// On the interrupt thread, as an alarm. Whoever asked may have given up meanwhile.
static void hold_here(void *context) {
    cdpdk_interrupt_hold *hold = context;
    pthread_mutex_lock(&hold->lock);
    if (hold->stage == ASKED) go(hold, HELD);
    while (hold->stage != LEFT) pthread_cond_wait(&hold->changed, &hold->lock);
    go(hold, RETURNED);
    pthread_mutex_unlock(&hold->lock);
}

static void discard(cdpdk_interrupt_hold *hold) {
    pthread_cond_destroy(&hold->changed);
    pthread_mutex_destroy(&hold->lock);
    free(hold);
}

cdpdk_interrupt_hold *cdpdk_interrupts_hold(void) {
    cdpdk_interrupt_hold *hold = calloc(1, sizeof *hold);
    if (hold == NULL) return NULL;
    pthread_mutex_init(&hold->lock, NULL);
    pthread_cond_init(&hold->changed, NULL);
    if (rte_eal_alarm_set(1, hold_here, hold) != 0) {
        discard(hold);
        return NULL;
    }
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 1;
    pthread_mutex_lock(&hold->lock);
    while (hold->stage == ASKED && pthread_cond_timedwait(&hold->changed, &hold->lock, &end) == 0) {}
    bool is_held = hold->stage == HELD;
    if (!is_held) go(hold, LEFT);
    pthread_mutex_unlock(&hold->lock);
    if (is_held) return hold;
    // The thread is busy, or it is this one. An alarm that begins just now returns at once, and is waited for here.
    rte_eal_alarm_cancel(hold_here, hold);
    discard(hold);
    return NULL;
}

void cdpdk_interrupts_release(cdpdk_interrupt_hold *hold) {
    if (hold == NULL) return;
    pthread_mutex_lock(&hold->lock);
    go(hold, LEFT);
    while (hold->stage != RETURNED) pthread_cond_wait(&hold->changed, &hold->lock);
    pthread_mutex_unlock(&hold->lock);
    discard(hold);
}
