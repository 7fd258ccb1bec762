// SPDX-License-Identifier: BSD-3-Clause
//
// What Linux offers to processes that talk to each other, where Swift's Glibc module has no way to it: sockets of whole messages
// with the peer's credentials, processes held by a descriptor, and a fixed layout of memory.
//
// Functions return 0, a descriptor or a count, or a negative errno. No descriptor here blocks, or is inherited.

#ifndef CPROCESS_H
#define CPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#pragma clang assume_nonnull begin

/// Listens at `path` (AF_UNIX, SOCK_SEQPACKET). A socket that nobody serves any more is replaced; -EADDRINUSE when somebody does.
int cprocess_listen(const char *path);
/// Connects to the socket at `path`.
int cprocess_connect(const char *path);
/// The next peer and who it is; -EAGAIN when none waits.
int cprocess_accept(int listener, pid_t *pid, uid_t *uid);
/// Sends one message, whole; -EAGAIN when there is no room.
ssize_t cprocess_send(int socket, const uint8_t *bytes, size_t length);
/// The length of the next message, of which at most `capacity` bytes are kept; 0 when the peer closed; -EAGAIN when none waits.
ssize_t cprocess_receive(int socket, uint8_t *bytes, size_t capacity);
/// As cprocess_send, with a descriptor that goes along; -1 for none.
ssize_t cprocess_send_with(int socket, const uint8_t *bytes, size_t length, int descriptor);
/// As cprocess_receive, with the descriptor that came along, the caller's from now on; -1 for none. More than one is -EBADMSG.
ssize_t cprocess_receive_with(int socket, uint8_t *bytes, size_t capacity, int *descriptor);
/// Shared memory without a name (memfd_create(2)) of that size, which can't shrink any more.
int cprocess_shared_memory(const char *name, size_t size);
/// An event counter (eventfd(2)).
int cprocess_event(void);
/// The size in bytes of shared memory on ordinary pages that nobody can make smaller (F_SEAL_SHRINK): touching it never fails, since a page
/// that was taken out of it comes back. -EPERM for what is not sealed, -ENOTSUP for huge pages, of which there may be none left.
int64_t cprocess_sealed_size(int descriptor);
void cprocess_close(int descriptor);

/// A descriptor of the process (pidfd_open(2)), which goes on meaning it when its number is another's.
int cprocess_open(pid_t pid);
/// Sends a signal (pidfd_send_signal(2)).
int cprocess_signal(int process, int signal);
/// Whether all of its threads have ended, so that it touches no memory any more.
bool cprocess_has_ended(int process);

/// Whether this process's memory is laid out at random.
bool cprocess_is_randomized(void);
/// Starts this program anew in this process, with its memory laid out as always; returns only when it failed.
int cprocess_restart_without_randomization(char *_Nullable const *_Nonnull arguments);
/// Starts this program anew in this process; returns only when it failed.
int cprocess_restart(char *_Nullable const *_Nonnull arguments);

#pragma clang assume_nonnull end

#endif
