// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE  // fopencookie
#include "uninstrumented_begin.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <rte_log.h>

#include "cdpdk.h"

// Lines that wait for cdpdk_log_read. Whoever logs, a polling lcore for one, only copies; what finds no room is counted.
enum { CAPACITY = 256 };

// DPDK logs from several threads (vhost has its own), so all of it is under the lock.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static cdpdk_log_line lines[CAPACITY];
static size_t first, count;
static uint64_t lost;
static bool keeps;
static char last[CDPDK_LOG_LINE];

static void copy(char *to, const char *text, size_t length) {
    size_t kept = length < CDPDK_LOG_LINE - 1 ? length : CDPDK_LOG_LINE - 1;
    memcpy(to, text, kept);
    to[kept] = 0;
}

static ssize_t write_log(void *cookie, const char *text, size_t length) {
    (void)cookie;
    size_t end = length;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r')) end--;
    if (end == 0) return (ssize_t)length;
    pthread_mutex_lock(&lock);
    copy(last, text, end);
    if (keeps && count < CAPACITY) {
        cdpdk_log_line *line = &lines[(first + count++) % CAPACITY];
        line->level = (uint32_t)rte_log_cur_msg_loglevel();
        copy(line->text, text, end);
    } else if (keeps) {
        lost++;
    }
    pthread_mutex_unlock(&lock);
    return (ssize_t)length;
}

int cdpdk_log_capture(bool keeps_lines) {
    static FILE *stream;
    pthread_mutex_lock(&lock);
    keeps = keeps_lines;
    pthread_mutex_unlock(&lock);
    if (stream != NULL) return 0;
    cookie_io_functions_t functions = {.write = write_log};
    stream = fopencookie(NULL, "w", functions);
    if (stream == NULL) return -errno;
    setvbuf(stream, NULL, _IOLBF, CDPDK_LOG_LINE);
    return rte_openlog_stream(stream);
}

bool cdpdk_log_read(cdpdk_log_line *line, uint64_t *lost_lines) {
    pthread_mutex_lock(&lock);
    *lost_lines = lost;
    lost = 0;
    bool found = count > 0;
    if (found) {
        *line = lines[first];
        first = (first + 1) % CAPACITY;
        count--;
    }
    pthread_mutex_unlock(&lock);
    return found;
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
    copy(last, text, strlen(text));
    pthread_mutex_unlock(&lock);
}

#include "uninstrumented_end.h"
