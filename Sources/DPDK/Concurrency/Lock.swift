// SPDX-License-Identifier: BSD-3-Clause
import Glibc

/// A value behind a POSIX mutex, for the control plane's threads: lcores that poll take no lock.
///
/// It stands where `Synchronization.Mutex` would. On Linux that one sleeps and wakes inside the standard library, by a futex
/// that the kernel hands over (`FUTEX_LOCK_PI`), and the thread sanitizer sees neither: every lock that was ever waited for
/// is reported as a race. The sanitizer knows `pthread_mutex_lock`, so its reports mean something.
@safe public struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let value: UnsafeMutablePointer<Value>
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    public init(_ value: consuming sending Value) {
        unsafe self.value = .allocate(capacity: 1)
        unsafe self.value.initialize(to: value)
        unsafe mutex = .allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let code = unsafe pthread_mutex_init(mutex, nil)
        precondition(code == 0, "a mutex of default attributes needs no memory of its own")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
    }

    /// Calls `body` while no other thread is inside. Not recursive: a second call from within waits for ever.
    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try unsafe body(&value.pointee)
    }
}
