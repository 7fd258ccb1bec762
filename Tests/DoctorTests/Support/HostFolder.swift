// SPDX-License-Identifier: BSD-3-Clause
import Doctor
import Foundation

/// A recorded host as a tree of real files, on which a remedy can be tried: its commands run in a shell whose root is the tree, with the
/// kernel and the tools played by a few lines each.
final class HostFolder: HostFiles {
    let root: String
    private let files = LiveHost()

    init(_ record: RecordedHost) throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("doctor-\(UUID().uuidString)").path
        for (path, names) in record.folders {
            let folders = names.map { "\(path)/\($0)" }.filter { record.files[$0] == nil && record.links[$0] == nil }
            for folder in folders { try makeFolder(folder) }
            try makeFolder(path)
        }
        for (path, text) in record.files {
            try makeFolder((path as NSString).deletingLastPathComponent)
            try text.write(toFile: root + path, atomically: false, encoding: .utf8)
        }
        for (path, target) in record.links {
            try makeFolder((path as NSString).deletingLastPathComponent)
            try FileManager.default.createSymbolicLink(atPath: root + path, withDestinationPath: "../\(target)")
        }
        for (path, state) in record.states {
            try makeFolder(path)
            try FileManager.default.setAttributes([.posixPermissions: Int(state.mode)], ofItemAtPath: root + path)
        }
        for path in ["/etc/default", "/dev"] { try makeFolder(path) }
        let words = (record.files["/proc/cmdline"] ?? "").split(separator: " ").dropFirst().joined(separator: " ")
        let grub = "GRUB_DEFAULT=0\nGRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\nGRUB_CMDLINE_LINUX=\"\(words.filter { $0 != "\n" })\"\n"
        try grub.write(toFile: "\(root)/etc/default/grub", atomically: false, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func text(_ path: String) -> String? { files.text(root + path) }
    func names(in path: String) -> [String]? { files.names(in: root + path) }
    func target(_ path: String) -> String? { files.target(root + path) }
    func state(_ path: String) -> FileState? { files.state(root + path) }

    /// Runs a remedy, and whatever reboot it needs; 0 when all went well, and what it said.
    func carryOut(_ remedy: String) throws -> (code: Int32, output: String) {
        let script = Self.players + remedy.replacing(/(^|[ >'])\/(?=etc|sys|proc|dev|run)/) { "\($0.1)$ROOT/" } + "\nkernel\n"
        let file = "\(root)/script"
        try script.write(toFile: file, atomically: false, encoding: .utf8)
        // Foundation's Process now and then leaks what it knows itself by.
        guard let shell = unsafe popen("ROOT='\(root)' PATH=/usr/bin:/bin bash -eu '\(file)' 2>&1", "r") else {
            throw POSIXError(.ECHILD)
        }
        var output: [UInt8] = []
        while case let byte = unsafe getc(shell), byte != EOF { output.append(UInt8(truncatingIfNeeded: byte)) }
        return (unsafe pclose(shell), String(decoding: output, as: UTF8.self))
    }

    private func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: root + path, withIntermediateDirectories: true)
    }

    /// The tools, as far as they leave traces in /sys and /proc; each refuses what the real one refuses.
    private static let players = #"""
        modprobe() { [[ $1 == vfio || $1 == vfio-pci ]]; mkdir -p "$ROOT/sys/module/vfio/parameters"; }
        mount() { [[ "$1 $2 $3" == "-t hugetlbfs nodev" && -d $4 ]]; echo "nodev ${4#"$ROOT"} hugetlbfs rw 0 0" >>"$ROOT/proc/self/mounts"; }
        dpdk-devbind.py() {
            local driver=${1#--bind=} device interface; shift
            for device; do
                local place=$ROOT/sys/bus/pci/devices/$device
                [[ -d $place ]]
                for interface in "$place"/net/*; do
                    if grep -qs "^${interface##*/}[[:space:]]" "$ROOT/proc/net/route"; then echo "routing table indicates that $device is active"; return 1; fi
                done
                ln -sfn "../$driver" "$place/driver"
                if [[ $driver == vfio-pci ]]; then rm -rf "$place/net"; fi
            done
        }
        mlxconfig() { [[ "$1 $2 $4 $5" == "--yes -d set LINK_TYPE_P1=2" ]]; echo 0x020000 >"$ROOT/sys/bus/pci/devices/$3/class"; }
        update-grub() {
            local words word
            words=$(sed -n 's/^GRUB_CMDLINE_LINUX="\(.*\)"$/\1/p' "$ROOT/etc/default/grub")
            echo "BOOT_IMAGE=/vmlinuz $words" >"$ROOT/proc/cmdline"
            for word in $words; do
                case $word in
                intel_iommu=on) if grep -q GenuineIntel "$ROOT/proc/cpuinfo"; then mkdir -p "$ROOT/sys/class/iommu/dmar0"; fi ;;
                isolcpus=managed_irq,domain,*) echo "${word#isolcpus=managed_irq,domain,}" >"$ROOT/sys/devices/system/cpu/isolated" ;;
                nohz_full=*) echo "${word#nohz_full=}" >"$ROOT/sys/devices/system/cpu/nohz_full" ;;
                esac
            done
        }
        kernel() {
            local place
            find "$ROOT/sys" -name nr_hugepages | while read -r place; do
                cp "$place" "${place%/*}/free_hugepages"
            done
            place=$ROOT/sys/module/vfio/parameters/enable_unsafe_noiommu_mode
            if [[ -e $place ]]; then echo Y >"$place"; fi
        }

        """#
}
