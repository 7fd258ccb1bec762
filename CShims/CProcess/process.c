// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <linux/close_range.h>
#include <poll.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(const char *path, struct sockaddr_un *address) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address->sun_path) return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

static int open_socket(void) {
    int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int cprocess_connect(const char *path) {
    struct sockaddr_un address;
    int result = address_of(path, &address);
    if (result != 0) return result;
    int descriptor = open_socket();
    if (descriptor < 0) return descriptor;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    result = -errno;
    close(descriptor);
    return result;
}

int cprocess_listen(const char *path) {
    struct sockaddr_un address;
    int result = address_of(path, &address);
    if (result != 0) return result;
    // EAGAIN: somebody serves it, and is busy.
    int probe = cprocess_connect(path);
    if (probe >= 0) close(probe);
    if (probe >= 0 || probe == -EAGAIN) return -EADDRINUSE;
    if (probe == -ECONNREFUSED) unlink(path);
    int descriptor = open_socket();
    if (descriptor < 0) return descriptor;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 && listen(descriptor, 8) == 0) return descriptor;
    result = -errno;
    close(descriptor);
    return result;
}

int cprocess_accept(int listener, pid_t *pid, uid_t *uid) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) return errno == ECONNABORTED || errno == EINTR ? -EAGAIN : -errno;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        int result = -errno;
        close(descriptor);
        return result;
    }
    *pid = peer.pid;
    *uid = peer.uid;
    return descriptor;
}

ssize_t cprocess_send(int socket, const uint8_t *bytes, size_t length) {
    ssize_t sent = send(socket, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent < 0 ? (errno == EINTR ? -EAGAIN : -errno) : sent;
}

ssize_t cprocess_receive(int socket, uint8_t *bytes, size_t capacity) {
    ssize_t length = recv(socket, bytes, capacity, MSG_DONTWAIT | MSG_TRUNC);
    // A peer that closed without reading all shows first; what it said before is behind that.
    if (length < 0 && errno == ECONNRESET) length = recv(socket, bytes, capacity, MSG_DONTWAIT | MSG_TRUNC);
    return length < 0 ? (errno == EINTR ? -EAGAIN : -errno) : length;
}

void cprocess_close(int descriptor) { close(descriptor); }

int cprocess_open(pid_t pid) {
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int cprocess_signal(int process, int signal) {
    return syscall(SYS_pidfd_send_signal, process, signal, NULL, 0) < 0 ? -errno : 0;
}

bool cprocess_has_ended(int process) {
    struct pollfd descriptor = {.fd = process, .events = POLLIN};
    return poll(&descriptor, 1, 0) > 0;
}

bool cprocess_is_randomized(void) { return (personality(0xFFFFFFFF) & ADDR_NO_RANDOMIZE) == 0; }

int cprocess_restart_without_randomization(char *const *arguments) {
    int now = personality(0xFFFFFFFF);
    if (now < 0 || personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0) return -errno;
    return cprocess_restart(arguments);
}

int cprocess_restart(char *const *arguments) {
    // DPDK's descriptors are not closed on exec, and hold the memory of a host that may be gone.
    syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
    execv("/proc/self/exe", arguments);
    return -errno;
}
