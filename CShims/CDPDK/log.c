// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE  // fopencookie
#include "uninstrumented_begin.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

#include "cdpdk.h"

// DPDK logs from several threads (vhost has its own), so both are under the lock.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cdpdk_log_sink current_sink;
static char last[512];

static ssize_t write_log(void *cookie, const char *text, size_t length) {
    (void)cookie;
    size_t end = length;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) end--;
    pthread_mutex_lock(&lock);
    if (end > 0) {
        size_t kept = end < sizeof last - 1 ? end : sizeof last - 1;
        memcpy(last, text, kept);
        last[kept] = 0;
    }
    cdpdk_log_sink sink = current_sink;
    pthread_mutex_unlock(&lock);
    if (sink != NULL && end > 0) sink(text, end);
    return (ssize_t)length;
}

int cdpdk_log_redirect(cdpdk_log_sink sink) {
    static FILE *stream;
    pthread_mutex_lock(&lock);
    current_sink = sink;
    pthread_mutex_unlock(&lock);
    if (stream != NULL) return 0;
    cookie_io_functions_t functions = {.write = write_log};
    stream = fopencookie(NULL, "w", functions);
    if (stream == NULL) return -errno;
    setvbuf(stream, NULL, _IOLBF, 512);
    return rte_openlog_stream(stream);
}

size_t cdpdk_log_take_last(char *text, size_t capacity) {
    if (capacity == 0) return 0;
    pthread_mutex_lock(&lock);
    size_t length = strnlen(last, capacity - 1);
    memcpy(text, last, length);
    text[length] = 0;
    last[0] = 0;
    pthread_mutex_unlock(&lock);
    return length;
}

void cdpdk_log_note(const char *text) {
    pthread_mutex_lock(&lock);
    snprintf(last, sizeof last, "%s", text);
    pthread_mutex_unlock(&lock);
}

#include "uninstrumented_end.h"
