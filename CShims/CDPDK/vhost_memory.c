// SPDX-License-Identifier: BSD-3-Clause
//
// A vhost-user guest shares its memory as files that it can still cut off, and whose ends it may lie about: librte_vhost maps what the guest says
// (22.11, vhost_user_mmap_region). A touch of what is not in the file is a SIGBUS, of which the vhost-user specification says nothing, and which
// ends other back ends. QEMU's memfds are sealed (F_SEAL_SHRINK) unless it is told otherwise, files in hugetlbfs and tmpfs can't be, so
// a seal can't be asked for. Here a table that names more than its files have is refused before any ring is in it; whatever is lost later is
// replaced by zeros under the thread that touches it, and the guest's connection is ended.
#include "uninstrumented_begin.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "vhost_memory.h"

// Requests that change what is mapped (vhost-user specification, "Front-end message types").
enum { RESET_OWNER = 4, SET_MEM_TABLE = 5, SET_LOG_BASE = 6, ADD_MEM_REG = 37, REM_MEM_REG = 38 };

// VHOST_MEMORY_MAX_NREGIONS, and the log of dirty pages.
enum { LOG = 8, REGIONS = LOG + 1 };

// What a signal handler may read at any moment: whole words, an end of 0 while a place is being changed.
struct region {
    _Atomic(uintptr_t) begin;
    _Atomic(uintptr_t) end;
};

static struct device {
    struct region regions[REGIONS];
    /// A message may have unmapped some of them: they are not sure.
    atomic_bool is_changing;
    _Atomic(int) fault;
    /// The fault was told to somebody.
    atomic_bool is_told;
    void (*refused)(int device, cdpdk_vhost_fault fault);
} devices[SHIM_VHOST_DEVICES];

// One more than the highest device that ever was.
static _Atomic(int) used;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// Whose message the thread carries out; -1 for none. Memory that came with that message is not in the table yet.
static _Thread_local volatile int carries_out = -1;
static _Thread_local bool was_changing;
static struct sigaction earlier;

static bool is_device(int device) { return device >= 0 && device < SHIM_VHOST_DEVICES; }

static void set_region(struct region *region, uintptr_t begin, uintptr_t end) {
    atomic_store(&region->end, 0);
    atomic_store(&region->begin, begin);
    atomic_store(&region->end, end);
}

// Whether the files have all that the guest says; notes where it is mapped. Only when the device has a table: librte_vhost does not look.
static bool note_memory(int device) {
    struct rte_vhost_memory *memory = NULL;
    uint32_t count = 0;
    bool is_whole = true;
    pthread_mutex_lock(&lock);
    if (rte_vhost_get_mem_table(device, &memory) == 0) {
        for (uint32_t i = 0; i < memory->nregions && count < LOG; i++) {
            const struct rte_vhost_mem_region *region = &memory->regions[i];
            uintptr_t begin = (uintptr_t)region->mmap_addr;
            if (begin == 0) continue;
            set_region(&devices[device].regions[count++], begin, begin + region->mmap_size);
            struct stat file;
            // A device's memory (DAX) has no length, and its driver looks at what is mapped.
            if (fstat(region->fd, &file) == 0 && S_ISREG(file.st_mode) &&
                region->host_user_addr - begin + region->size > (uint64_t)file.st_size)
                is_whole = false;
        }
        free(memory);
    }
    while (count < LOG) set_region(&devices[device].regions[count++], 0, 0);
    pthread_mutex_unlock(&lock);
    return is_whole;
}

static void note_log(int device) {
    uint64_t log = 0, length = 0;
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    if (rte_vhost_get_log_base(device, &log, &length) != 0 || log == 0) length = 0;
    pthread_mutex_lock(&lock);
    set_region(
        &devices[device].regions[LOG], log & ~(page - 1), length == 0 ? 0 : (log + length + page - 1) & ~(page - 1));
    pthread_mutex_unlock(&lock);
}

static void forget_regions(int device) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < REGIONS; i++) set_region(&devices[device].regions[i], 0, 0);
    pthread_mutex_unlock(&lock);
}

static void tell(int device) {
    if (!atomic_exchange(&devices[device].is_told, true))
        devices[device].refused(device, (cdpdk_vhost_fault)atomic_load(&devices[device].fault));
}

// A message is as it came, its request in front.
static uint32_t request_of(const void *message) {
    uint32_t request;
    memcpy(&request, message, sizeof request);
    return request;
}

static enum rte_vhost_msg_result before_message(int device, void *message) {
    if (!is_device(device)) return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
    if (shim_vhost_memory_is_lost(device)) {
        tell(device);
        return RTE_VHOST_MSG_RESULT_ERR;
    }
    uint32_t request = request_of(message);
    was_changing = atomic_load(&devices[device].is_changing);
    if (request == RESET_OWNER || request == SET_MEM_TABLE || request == ADD_MEM_REG || request == REM_MEM_REG || request == SET_LOG_BASE)
        atomic_store(&devices[device].is_changing, true);
    carries_out = device;
    return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
}

// Not called for a message that failed: what the thread touches until the next one is that guest's, too. The guest may have asked to be told so,
// then the connection goes on, and where its memory is mapped is not sure until it shares it anew.
static enum rte_vhost_msg_result after_message(int device, void *message) {
    carries_out = -1;
    if (!is_device(device)) return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
    uint32_t request = request_of(message);
    if (request == SET_MEM_TABLE || request == ADD_MEM_REG || request == REM_MEM_REG) {
        int none = CDPDK_VHOST_FAULT_NONE;
        if (!note_memory(device))
            atomic_compare_exchange_strong(&devices[device].fault, &none, CDPDK_VHOST_FAULT_BEYOND_FILE);
        atomic_store(&devices[device].is_changing, false);
    } else if (request == RESET_OWNER) {
        // All of it was unmapped.
        forget_regions(device);
        atomic_store(&devices[device].is_changing, false);
    } else if (request == SET_LOG_BASE) {
        note_log(device);
        atomic_store(&devices[device].is_changing, was_changing);
    }
    if (!shim_vhost_memory_is_lost(device)) return RTE_VHOST_MSG_RESULT_NOT_HANDLED;
    tell(device);
    return RTE_VHOST_MSG_RESULT_ERR;
}

static const struct rte_vhost_user_extern_ops looks = {.pre_msg_handle = before_message, .post_msg_handle = after_message};

static void clear(int device) {
    forget_regions(device);
    atomic_store(&devices[device].is_changing, false);
    if (carries_out == device) carries_out = -1;
}

void shim_vhost_memory_watch(int device, void (*refused)(int device, cdpdk_vhost_fault fault)) {
    if (!is_device(device)) return;
    clear(device);
    devices[device].refused = refused;
    atomic_store(&devices[device].is_told, false);
    atomic_store(&devices[device].fault, CDPDK_VHOST_FAULT_NONE);
    int known = atomic_load(&used);
    while (known <= device && !atomic_compare_exchange_weak(&used, &known, device + 1)) {}
    rte_vhost_extern_callback_register(device, &looks, NULL);
}

void shim_vhost_memory_forget(int device) {
    if (is_device(device)) clear(device);
}

bool shim_vhost_memory_is_lost(int device) {
    return is_device(device) && atomic_load(&devices[device].fault) != CDPDK_VHOST_FAULT_NONE;
}

cdpdk_vhost_fault cdpdk_vhost_take_fault(int device) {
    if (!shim_vhost_memory_is_lost(device) || atomic_exchange(&devices[device].is_told, true)) return CDPDK_VHOST_FAULT_NONE;
    return (cdpdk_vhost_fault)atomic_load(&devices[device].fault);
}

// ---------------------------------------------------------------------------------------------------------------------
// The handler: no library call that is not async-signal-safe, and no lock.

// The raw call: the sanitizers' mmap is more than the kernel's.
static bool put_zeros(uintptr_t begin, uintptr_t length) {
    return syscall(
               SYS_mmap, begin, length, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
        (long)begin;
}

// What is not there has no contents that could be lost. A part of a hugepage can't be replaced (EINVAL): it goes as a whole.
static bool put_page(uintptr_t address) {
    static const uintptr_t sizes[] = {1UL << 12, 1UL << 21, 1UL << 30};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (put_zeros(address & ~(sizes[i] - 1), sizes[i])) return true;
        if (errno != EINVAL) return false;
    }
    return false;
}

// Whoever touches a guest's memory holds its rings' locks, or carries its message out: it is not unmapped meanwhile.
static bool replace_in_regions(uintptr_t address, bool is_changing) {
    int count = atomic_load(&used);
    for (int device = 0; device < count; device++) {
        if (atomic_load(&devices[device].is_changing) != is_changing) continue;
        for (int i = 0; i < REGIONS; i++) {
            uintptr_t begin = atomic_load(&devices[device].regions[i].begin);
            uintptr_t end = atomic_load(&devices[device].regions[i].end);
            if (address < begin || address >= end) continue;
            atomic_store(&devices[device].fault, CDPDK_VHOST_FAULT_CUT_OFF);
            // All of it at once, since each page would be a signal of its own, where it is sure that this is still what is there.
            return (!is_changing && put_zeros(begin, end - begin)) || put_page(address);
        }
    }
    return false;
}

static bool replace(uintptr_t address) {
    if (replace_in_regions(address, false) || replace_in_regions(address, true)) return true;
    int device = carries_out;
    if (!is_device(device)) return false;
    atomic_store(&devices[device].fault, CDPDK_VHOST_FAULT_BEYOND_FILE);
    return put_page(address);
}

static void on_bus_error(int number, siginfo_t *info, void *context) {
    (void)context;
    int error = errno;
    bool is_replaced = info->si_code == BUS_ADRERR && replace((uintptr_t)info->si_addr);
    if (!is_replaced) {
        // Not a guest's: the touch is repeated, and whoever was there before has it.
        sigaction(number, &earlier, NULL);
        if (info->si_code <= 0) raise(number);
    }
    errno = error;
}

int cdpdk_vhost_survive_lost_memory(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    action.sa_sigaction = on_bus_error;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, &earlier) == 0 ? 0 : -errno;
}

#include "uninstrumented_end.h"
