// SPDX-License-Identifier: BSD-3-Clause
import CViaductAccel
import Netfront

/// Every counter that is not zero, on standard error: what `--verbose` adds at the end.
enum HostCounters {
    static func show(_ status: NetfrontStatus, _ host: EmbeddedHost) {
        for counter in NetfrontCounter.allCases where status[counter] > 0 {
            Console.notice("guest.\(counter.name) \(status[counter])")
        }
        let dropped = host.netfront.pluginStatistics.rx_dropped
        if dropped > 0 { Console.notice("guest.pluginDropped \(dropped)") }
        for (name, value) in host.hostCounters.sorted(by: { $0.key < $1.key }) { Console.notice("host.\(name) \(value)") }
    }
}
