// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include "cprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
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

ssize_t cprocess_send_with(int socket, const uint8_t *bytes, size_t length, int descriptor) {
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr alignment;
    } control = {0};
    struct iovec part = {(void *)bytes, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    return errno == ENOBUFS ? -EAGAIN : -errno;
}

ssize_t cprocess_receive_with(int socket, uint8_t *bytes, size_t capacity, int *descriptor) {
    // Room for more than one, so that none is lost without a word.
    union {
        char space[CMSG_SPACE(8 * sizeof(int))];
        struct cmsghdr alignment;
    } control = {0};
    struct iovec part = {bytes, capacity};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    *descriptor = -1;
    ssize_t length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length < 0) return errno == EINTR ? -EAGAIN : -errno;
    int found = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int next;
            memcpy(&next, CMSG_DATA(header) + index * sizeof(int), sizeof next);
            if (found++ == 0) *descriptor = next;
            else close(next);
        }
    }
    if (found <= 1 && !(message.msg_flags & MSG_CTRUNC)) return length;
    if (*descriptor >= 0) close(*descriptor);
    *descriptor = -1;
    return -EBADMSG;
}

int cprocess_shared_memory(const char *name, size_t size) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -errno;
    if (ftruncate(descriptor, (off_t)size) == 0 && fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK) == 0) return descriptor;
    int result = -errno;
    close(descriptor);
    return result;
}

int cprocess_event(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int64_t cprocess_sealed_size(int descriptor) {
    int seals = fcntl(descriptor, F_GET_SEALS);
    if (seals < 0) return -errno;
    if (!(seals & F_SEAL_SHRINK)) return -EPERM;
    struct statfs system;
    if (fstatfs(descriptor, &system) != 0) return -errno;
    if (system.f_type != TMPFS_MAGIC) return -ENOTSUP;
    struct stat information;
    return fstat(descriptor, &information) == 0 ? information.st_size : -errno;
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
