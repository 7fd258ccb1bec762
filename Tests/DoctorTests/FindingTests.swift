// SPDX-License-Identifier: BSD-3-Clause
import Doctor
import Testing

/// What is found on each host of `Hosts`, and what is advised.
@Suite struct FindingTests {
    /// Check, subject, and the command behind `>`; what is fine is left out.
    private static let expected: [[String]] = [
        // A fresh Debian: nothing is prepared, and nothing is urgent as long as nothing is to run. The port that the host talks by stays.
        [
            "warning hugepages node 0 > echo 512 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
            "warning hugepages > mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages",
            #"warning iommu > sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#,
            "note cpus",
            "note binding 0000:01:00.0 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:01:00.0",
            "note binding 0000:01:00.1",
            "note steering 0000:01:00.0", "note steering 0000:01:00.1",
            "warning link 0000:01:00.0", "warning link 0000:01:00.0", "warning link 0000:01:00.1",
        ],
        // With a daemon the same things keep it from running; its CPUs are two threads of one core.
        [
            "error hugepages node 0 > echo 256 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
            "error hugepages > mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages",
            #"error iommu > sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#,
            "warning cpus CPU 1,5",
            #"warning cpus CPU 1,5 > sed -i 's/^GRUB_CMDLINE_LINUX="/&isolcpus=managed_irq,domain,1,5 nohz_full=1,5 rcu_nocbs=1,5 /' /etc/default/grub && update-grub"#,
            "warning clock CPU 1,5 > echo performance | tee /sys/devices/system/cpu/cpu1/cpufreq/scaling_governor /sys/devices/system/cpu/cpu5/cpufreq/scaling_governor > /dev/null",
            "error binding 0000:01:00.0 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:01:00.0",
            "note steering 0000:01:00.0",
            "warning link 0000:01:00.0", "warning link 0000:01:00.0",
        ],
        // The port that the host talks by: no command takes it away.
        [
            "error hugepages node 0 > echo 256 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
            "error hugepages > mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages",
            #"error iommu > sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#,
            #"warning cpus CPU 2-3 > sed -i 's/^GRUB_CMDLINE_LINUX="/&isolcpus=managed_irq,domain,2-3 nohz_full=2-3 rcu_nocbs=2-3 /' /etc/default/grub && update-grub"#,
            "warning clock CPU 2-3 > echo performance | tee /sys/devices/system/cpu/cpu2/cpufreq/scaling_governor /sys/devices/system/cpu/cpu3/cpufreq/scaling_governor > /dev/null",
            "error binding 0000:01:00.1",
            "note steering 0000:01:00.1",
            "warning link 0000:01:00.1",
        ],
        [
            "note processor",
            "error hugepages node 0 > echo 256 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
            "error hugepages > mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages",
            #"error iommu > sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#,
            "warning cpus",
            "note placement 0000:02:00.3",
            "error binding 0000:02:00.3 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:02:00.3",
            "note steering 0000:02:00.3",
            "note link 0000:02:00.3",
            "error sockets /run/viaduct > mkdir -p /run/viaduct",
        ],
        // A recording: CPUs and pages of two nodes, two InfiniBand ports, a cable that brings 1 Gbit/s.
        [
            #"warning iommu > sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#,
            "note cpus",
            "note placement 0000:1a:00.0", "note placement 0000:3e:00.0", "note placement 0000:60:00.0",
            "note placement 0000:60:00.1",
            "note uplink 0000:1a:00.0 > mlxconfig --yes -d 0000:1a:00.0 set LINK_TYPE_P1=2",
            "note uplink 0000:3e:00.0 > mlxconfig --yes -d 0000:3e:00.0 set LINK_TYPE_P1=2",
            "note binding 0000:60:00.0 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:60:00.0",
            "note binding 0000:60:00.1 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:60:00.1",
            "note steering 0000:1a:00.0", "note steering 0000:3e:00.0", "note steering 0000:60:00.0",
            "note steering 0000:60:00.1",
            "warning link 0000:60:00.0", "note link 0000:60:00.1",
        ],
        [
            #"error iommu > sed -i 's/^GRUB_CMDLINE_LINUX="/&intel_iommu=on iommu=pt /' /etc/default/grub && update-grub"#,
            "error cpus CPU 40",
            "warning placement CPU 8,40",
            "error binding 0000:60:00.1 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:60:00.1",
            "note steering 0000:60:00.1",
            "note link 0000:60:00.1",
            "error sockets /run/viaduct > mkdir -p /run/viaduct",
        ],
        // mlx5 stays with the kernel's driver, and needs no IOMMU.
        [
            #"warning cpus CPU 1-2 > sed -i 's/^GRUB_CMDLINE_LINUX="/&isolcpus=managed_irq,domain,1-2 nohz_full=1-2 rcu_nocbs=1-2 /' /etc/default/grub && update-grub"#,
            "error uplink 0000:1a:00.0 > mlxconfig --yes -d 0000:1a:00.0 set LINK_TYPE_P1=2",
            "note steering 0000:1a:00.0",
            "error sockets /run/viaduct > mkdir -p /run/viaduct",
        ],
        [
            "warning hugepages node 1 > echo 256 > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages",
            "error iommu 0000:a1:00.0 > modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci 0000:a1:00.1",
            "warning placement CPU 2-3",
            "note steering 0000:a1:00.0",
            "error memlock",
            "warning sockets /run/viaduct > chmod o-w /run/viaduct",
        ],
        // All is well.
        ["note steering 0000:3b:00.0"],
        ["note steering 0000:3b:00.0"],
        ["error uplink 0000:3c:00.0"],
        ["note hugepages", "note cpus", "note uplink"],
        // No CPU can be spared, and the NIC is the one that the machine is reached by.
        [
            "error hugepages node 0 > echo 256 > /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages",
            "error hugepages > mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages",
            "error iommu > modprobe vfio && echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
            "warning cpus CPU 0-1",
            "warning uplink 0000:00:03.0",
            "error binding 0000:00:03.0",
        ],
    ]

    private static func line(_ finding: Finding) -> String {
        ([finding.severity.rawValue, finding.check.rawValue]
            + [finding.subject, finding.remedy.map { "> \($0)" }].compactMap(\.self))
            .joined(separator: " ")
    }

    @Test func noHostIsForgotten() { #expect(Ward.all.count == Self.expected.count) }

    @Test(arguments: zip(Ward.all, expected)) func eachHostHasItsFindings(_ ward: Ward, _ expected: [String]) throws {
        let report = try ward.examine()
        #expect(report.findings.filter { $0.severity != .fine }.map(Self.line) == expected)
        #expect(report.findings.allSatisfy { !$0.text.isEmpty && !$0.evidence.isEmpty })
    }

    /// Words that an operator acts on.
    @Test func theFormOfSteeringIsToldWithWhatItCovers() throws {
        func steering(_ ward: Ward) throws -> String {
            try #require(ward.examine().findings.first { $0.check == .steering }).text
        }
        #expect(try steering(Ward.all[1]).contains("form B (all unicast; copies"))
        #expect(try steering(Ward.all[7]).contains("form A (all unicast); else E"))
        let without = "\(Ward.daemon("0000:01:00.0", cpus: nil))".replacing(#"01:00.0""#, with: #"01:00.0", vmdq: false"#)
        let text = try steering(Ward("ixgbe-x520", without))
        #expect(text.contains("form E (") && !text.contains("form B"))
    }

    private func binding(_ ward: Ward, _ change: (RecordedHost) -> Void) throws -> Finding {
        let host = try ward.record()
        change(host)
        return try #require(ward.examine(host).findings.first { $0.check == .binding })
    }

    /// Each way in which the host may need a NIC for itself; the command would cut it off.
    @Test func noCommandTakesANICThatTheHostTalksBy() throws {
        let ward = Ward.all[1]
        #expect(try binding(ward) { _ in }.remedy != nil)
        let route = "enp1s0f0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        #expect(try binding(ward) { $0.files["/proc/net/route", default: ""] += route }.remedy == nil)
        let address = "20010db8000000000000000000000001 02 40 00 80 enp1s0f0\n"
        #expect(try binding(ward) { $0.files["/proc/net/if_inet6", default: ""] += address }.remedy == nil)
        for upper in ["upper_bond0", "upper_enp1s0f0.7"] {
            let found = try binding(ward) { $0.folders["/sys/class/net/enp1s0f0"] = ["carrier", upper] }
            #expect(found.remedy == nil && found.evidence.hasSuffix("enp1s0f0: \(upper)"))
        }
    }

    /// What shares a NIC's IOMMU group may be what the host boots from.
    @Test func noCommandTakesWhatIsNoNIC() throws {
        let ward = Ward.all[7]
        func group(_ change: (RecordedHost) -> Void) throws -> Finding {
            let host = try ward.record()
            change(host)
            return try #require(ward.examine(host).findings.first { $0.check == .iommu && $0.severity == .error })
        }
        #expect(try group { _ in }.remedy?.hasSuffix(" 0000:a1:00.1") == true)
        let found = try group { host in
            host.folders["/sys/kernel/iommu_groups/42/devices"] = ["0000:a1:00.0", "0000:a2:00.0"]
            host.files["/sys/bus/pci/devices/0000:a2:00.0/class"] = "0x010802\n"
            host.links["/sys/bus/pci/devices/0000:a2:00.0/driver"] = "nvme"
        }
        #expect(found.remedy == nil && found.evidence.hasSuffix("0000:a2:00.0"))
    }

    @Test(
        arguments: [
            ("DPDK 22.11.11", Severity.fine), ("DPDK 24.11.6", .fine), ("DPDK 21.11.0", .warning), ("DPDK 25.07.0", .warning),
            ("", .warning),
        ])
    func versionsOfDPDKThatWereReadAreFine(_ version: String, _ severity: Severity) throws {
        let report = try Doctor.examine(Ward.all[8].record(), dpdk: version)
        #expect(report.findings.first { $0.check == .dpdk }?.severity == severity)
    }

    @Test func theWorstFindingDecides() throws {
        #expect(try Ward.all.map { try $0.examine().worst.exitCode } == [3, 4, 4, 4, 3, 4, 4, 4, 0, 0, 4, 0, 4])
    }
}
