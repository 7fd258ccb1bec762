// SPDX-License-Identifier: BSD-3-Clause

/// A daemon's plan, for people.
enum PlanText {
    static func of(_ plan: DaemonPlan) -> String {
        let port = plan.port
        var lines = ["port    \(port.device)  \(port.family ?? port.driver ?? "no such NIC is here, or it is not known")"]
        if port.family != nil, let driver = port.driver { lines[0] += " (\(driver))" }
        lines.append(
            "queues  \(port.queuePairs) pairs of \(port.descriptors) descriptors: 1 for the slow path, \(plan.virtualInterfaces) for VIs"
                + (port.usesPools ? ", in VMDq pools" : "") + "  mtu \(port.mtu)")
        for form in plan.forms ?? [] { lines.append("form    \(form.form)  \(form.coverage)") }
        for limit in port.limits { lines.append("note    \(limit)") }
        for lcore in plan.lcores {
            let cpus = lcore.cpus.map { "CPUs " + $0.map(String.init).joined(separator: ",") } ?? "any CPU"
            let roles = lcore.roles.isEmpty ? "nothing" : lcore.roles.joined(separator: ", ")
            lines.append("lcore   \(lcore.number)  \(roles)  \(cpus)  idle \(lcore.idle)")
        }
        let pages = plan.memory.pages ?? "hugepages where so many are free, else ordinary"
        lines.append("memory  \(plan.memory.megabytes) MB  \(pages)")
        for pool in plan.pools { lines.append("pool    \(pool.name)  \(pool.mbufs) mbufs of \(pool.dataRoom) bytes") }
        lines.append("")
        var table = TextTable("vif", "kind", "queue pairs", "socket", "fast path", numbers: [2])
        for vif in plan.vifs {
            table.add(vif.name, vif.kind, "\(vif.queuePairs)", vif.socket, vif.reason.map { "no: \($0)" } ?? "yes")
        }
        return lines.joined(separator: "\n") + "\n\(table)"
    }
}
