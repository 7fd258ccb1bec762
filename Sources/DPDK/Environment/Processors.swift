// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

/// The CPUs of this machine, by the kernel's numbers.
public enum Processors {
    /// Those that this process was started on: `isolcpus`, `taskset` and systemd's `CPUAffinity=` take some away (sched_getaffinity(2)).
    /// An lcore may be bound to others by their number all the same.
    ///
    /// Read once, before ``EAL/start(_:)`` binds its thread.
    public static let allowed = (0..<UInt32(CDPDK_CPU_LIMIT)).filter(cdpdk_cpu_is_allowed).map(Int.init)
}
