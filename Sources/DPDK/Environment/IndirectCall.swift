// SPDX-License-Identifier: BSD-3-Clause
public import CDPDK

/// Calls through C function pointers, which `@_noLocks` code cannot make by itself. The callee is compiled under the same mark.
public enum IndirectCall {
    @inlinable @inline(always) @_noLocks @unsafe
    public static func poll(
        _ function: @convention(c) (UnsafeMutableRawPointer) -> UInt32, _ context: UnsafeMutableRawPointer
    ) -> UInt32 {
        unsafe cdpdk_call_poll(function, context)
    }
}
