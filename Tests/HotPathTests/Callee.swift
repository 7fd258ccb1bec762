// SPDX-License-Identifier: BSD-3-Clause

/// What a hot function may make of a function that it calls, judged by its name.
enum Callee: Equatable {
    /// C that may be called on a polling lcore: the shim, which has its own rules, and DPDK. Not looked into.
    case shim
    /// Ends the process: a failed precondition on its way out. Whatever leads only there is cold.
    case neverReturns
    /// Locks, allocates, counts references, asks for metadata, moves memory by a call.
    case forbidden
    /// Code of this binary: judged by what it does.
    case own
    /// Of another library, and nothing that a hot function is known to need.
    case foreign

    init(name: String, isDefined: Bool) {
        let isImported = name.contains("@")
        let name = name.prefix { $0 != "@" }
        if Self.endings.contains(where: name.hasPrefix) {
            self = .neverReturns
        } else if Self.shimPrefixes.contains(where: name.hasPrefix) {
            self = .shim
        } else if Self.forbiddenPrefixes.contains(where: name.hasPrefix) || Self.forbiddenNames.contains(name)
            || Self.isMetadataAccessor(name)
        {
            self = .forbidden
        } else {
            self = isDefined && !isImported ? .own : .foreign
        }
    }

    private static let shimPrefixes = ["cdpdk_", "rte_", "viaduct_call_"]

    /// Swift's traps with a message, and C's ways out.
    private static let endings = [
        "swift_unexpectedError", "swift_deletedMethodError", "$ss17_assertionFailure", "$ss18_fatalErrorMessage", "abort",
        "__stack_chk_fail", "__assert_fail",
    ]

    /// All of Swift's runtime (retain, release, allocObject, beginAccess, once, metadata, casts, errors, tasks), and threads.
    private static let forbiddenPrefixes = ["swift_", "_swift_", "pthread_", "objc_", "__cxa_", "_Z"]

    private static let forbiddenNames: Set<Substring> = [
        "malloc", "calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "memcpy", "memmove", "memset",
        "__memcpy_chk", "__memmove_chk", "__memset_chk",
    ]

    /// Swift's mangling (docs/ABI/Mangling.rst): type metadata accessors, demangling caches, lazy witness tables.
    private static func isMetadataAccessor(_ name: Substring) -> Bool {
        name.hasPrefix("$s") && ["Ma", "MaTm", "MD", "Mr", "Wl", "WL"].contains(where: name.hasSuffix)
    }
}
