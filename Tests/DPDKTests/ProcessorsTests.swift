// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Testing

@testable import DPDK

@Suite struct ProcessorsTests {
    @Test func thoseOfTheProcessAreAllowed() throws {
        let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/status"))
        let text = String(decoding: try #require(try handle.readToEnd()), as: UTF8.self)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
        let list = line.split(whereSeparator: \.isWhitespace)[1].split(separator: ",").flatMap { part in
            let ends = part.split(separator: "-").compactMap { Int($0) }
            return Array(ends[0]...ends[ends.count - 1])
        }
        #expect(Processors.allowed == list && !list.isEmpty)
    }

    /// The control plane leaves CPUs that poll alone, if it can.
    @Test func theMainLcoreHasWhatTheWorkersLeave() throws {
        let all = Processors.allowed
        let beyond = (all.max() ?? 0) + 1
        #expect(EALConfiguration(workers: [all, [beyond]], memory: .ordinaryPages(megabytes: 64)).mainProcessors == all)
        #expect(EALConfiguration(workers: [[beyond]], memory: .ordinaryPages(megabytes: 64)).mainProcessors == all)
        if all.count > 1 {
            let configuration = EALConfiguration(workers: [[all[0]], [all[0]]], memory: .ordinaryPages(megabytes: 64))
            #expect(configuration.mainProcessors == Array(all.dropFirst()))
            let rest = all.dropFirst().map(String.init).joined(separator: ",")
            #expect(configuration.arguments.contains("0@(\(rest)),1@(\(all[0])),2@(\(all[0]))"))
        }
    }
}
