// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// A look at a shared object before the dynamic loader gets it: the loader maps what the program headers promise, and a file that
/// ends before (a copy that is still under way, a full disk) would end the process with SIGBUS.
enum ObjectFile {
    /// What is wrong; nil when the file is whole, or is none that the loader would map: it has words for those.
    static func problem(path: String, size: Int64) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return lastError() }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: 64), header.count == 64, header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2])
        else { return nil }
        // The 64-bit header's e_phoff, e_phentsize and e_phnum (System V ABI, "ELF Header").
        let place = number(header, at: 32, octets: 8)
        let (length, count) = (number(header, at: 54, octets: 2), number(header, at: 56, octets: 2))
        guard length == 56, count > 0 else { return nil }
        guard (try? file.seek(toOffset: place)) != nil, let table = try? file.read(upToCount: Int(length * count)),
            table.count == Int(length * count)
        else { return "it ends too early" }
        for entry in 0..<Int(count) {
            // p_offset and p_filesz ("Program Header").
            let start = number(table, at: entry * 56 + 8, octets: 8)
            let (end, isTooFar) = start.addingReportingOverflow(number(table, at: entry * 56 + 32, octets: 8))
            if isTooFar || end > UInt64(size) { return "it ends too early" }
        }
        return nil
    }

    /// Of this machine's order of octets, as all that it can load.
    private static func number(_ data: Data, at place: Int, octets: Int) -> UInt64 {
        let part = data.dropFirst(place).prefix(octets)
        #if _endian(little)
            return part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        #else
            return part.reduce(0) { $0 << 8 | UInt64($1) }
        #endif
    }
}
