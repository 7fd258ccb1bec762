// swift-tools-version: 6.3
// SPDX-License-Identifier: BSD-3-Clause

import Foundation
import PackageDescription

/// Runs `pkg-config` here, because SwiftPM's own reader cannot parse Debian's libdpdk.pc (its Description
/// spans lines) and drops flags that DPDK needs (`-include rte_config.h`, `-march`).
func pkgConfig(_ arguments: String...) -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["pkg-config"] + arguments
    let output = Pipe()
    process.standardOutput = output
    do { try process.run() } catch { return [] }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        print("error: pkg-config \(arguments.joined(separator: " ")) failed: install the packages in deploy/packages")
        return []
    }
    return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace).map(String.init)
}

let dpdkCompilerFlags = pkgConfig("--cflags", "libdpdk")
/// The shim names each library it calls. `pkg-config --libs` lists all of DPDK's and relies on
/// `-Wl,--as-needed` to drop them again; PMDs are loaded at run time from the distribution's folder.
let dpdkLibraries = [
    "rte_eal", "rte_mempool", "rte_mbuf", "rte_ring", "rte_ethdev", "rte_net", "rte_vhost", "rte_hash",
    "rte_rcu", "rte_meter", "rte_log", "rte_telemetry", "rte_pdump",
]
let dpdkLibraryFlags = pkgConfig("--libs-only-L", "libdpdk")
/// DPDK 22.11 keeps its log inside rte_eal; 24.11 has librte_log. Link only what pkg-config knows.
let knownLibraries = Set(pkgConfig("--libs", "libdpdk").filter { $0.hasPrefix("-l") }.map { String($0.dropFirst(2)) })
/// Beside what pkg-config lists: the one bus and the one PMD whose own functions are called, and libnuma.
let linkedLibraries = dpdkLibraries.filter(knownLibraries.contains) + ["rte_bus_vdev", "rte_net_ring", "numa"]

/// One array for every Swift target, tests included.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// `data`: files and folders of the tests' own, which are no sources.
func tests(_ name: String, _ dependencies: [Target.Dependency], data: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: data, swiftSettings: strict)
}

/// A plugin in C, which tests load as a file.
func testPlugin(_ name: String) -> Target {
    .target(
        name: name, dependencies: ["CViaductAccel"], path: "Tests/Plugins/\(name)",
        cSettings: [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")])
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
/// What a test needs that drives a plugin's hooks on the EAL.
let guestSide: [Target.Dependency] = [
    "Wire", "DPDK", "Dataplane", "Acceleration", "CViaductAccel", "TestSupport", logging,
]
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yaml: Target.Dependency = .product(name: "Yams", package: "Yams")
/// The servers of the control socket and of metrics.
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOFoundationCompat", "NIOHTTP1"].map {
    .product(name: $0, package: "swift-nio")
}

let package = Package(
    name: "viaduct",
    products: [
        .executable(name: "viaduct", targets: ["viaduct"]),
        .library(
            name: "Viaduct",
            targets: [
                "Wire", "DPDK", "Dataplane", "Acceleration", "Netback", "Netfront", "AcceleratedBackend",
                "AcceleratedFrontend", "DummyAccelerator", "SoftNIC", "PluginFolder", "Control",
                "Memif", "Doctor", "EventLog",
            ]),
        // Plugins as files of their own: the template, and two that tests load.
        .library(name: "viaduct-dummy", type: .dynamic, targets: ["DummyAccelerator"]),
        .library(name: "viaduct-test", type: .dynamic, targets: ["CTestPlugin"]),
        .library(name: "viaduct-test-backend", type: .dynamic, targets: ["CTestBackend"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(
            name: "CDPDK", path: "CShims/CDPDK",
            cSettings: [
                .treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra"),
                .unsafeFlags(dpdkCompilerFlags),
            ],
            linkerSettings: linkedLibraries.map { .linkedLibrary($0) } + [.unsafeFlags(dpdkLibraryFlags)]),
        .target(
            name: "CViaductAccel", path: "CShims/CViaductAccel",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]),
        .target(
            name: "CProcess", path: "CShims/CProcess",
            cSettings: [.treatAllWarnings(as: .error), .enableWarning("all"), .enableWarning("extra")]),
        library("Wire", []),
        library("EventLog", [logging]),
        library("DPDK", ["CDPDK"]),
        library("Dataplane", ["Wire", "DPDK"]),
        library("Acceleration", ["Wire", "DPDK", "Dataplane", "CViaductAccel", "CProcess"]),
        library("Netback", ["Wire", "DPDK", "Dataplane", "Acceleration", "CViaductAccel", "EventLog", logging]),
        library("Netfront", ["Wire", "DPDK", "Dataplane", "Acceleration", "CViaductAccel", "EventLog", logging]),
        library(
            "AcceleratedBackend", ["Wire", "DPDK", "Dataplane", "Acceleration", "Memif", "CViaductAccel", "EventLog", logging]),
        library("AcceleratedFrontend", ["Wire", "DPDK", "Dataplane", "Acceleration", "Memif", "CViaductAccel"]),
        library("DummyAccelerator", ["Wire", "DPDK", "Dataplane", "Acceleration", "CViaductAccel"]),
        library("SoftNIC", ["Wire", "DPDK", "Dataplane"]),
        library("Memif", ["DPDK", "Dataplane", "CProcess"]),
        library("PluginFolder", ["CViaductAccel"]),
        library(
            "Control",
            [
                "Wire", "DPDK", "Acceleration", "Netback", "AcceleratedBackend", "SoftNIC", "PluginFolder", "EventLog", logging,
                yaml,
            ] + nio),
        library("Doctor", ["AcceleratedBackend", "Control"]),
        .executableTarget(
            name: "viaduct",
            dependencies: [
                "Wire", "DPDK", "Dataplane", "Acceleration", "Netback", "Netfront", "AcceleratedBackend",
                "AcceleratedFrontend", "DummyAccelerator", "SoftNIC", "PluginFolder", "Control", "Doctor", "EventLog", logging,
                arguments,
            ],
            swiftSettings: strict),
        // EAL once a process, shared by the test targets: `swift test` runs them all in one.
        .target(
            name: "TestSupport", dependencies: ["DPDK", "Dataplane", "Wire", logging], path: "Tests/TestSupport",
            swiftSettings: strict),
        // No test target depends on these: they are loaded, as plugins are.
        testPlugin("CTestPlugin"),
        testPlugin("CTestBackend"),
        tests("WireTests", ["Wire"]),
        tests("EventLogTests", ["EventLog", logging]),
        tests("AccelerationTests", ["Acceleration", "Wire", "Dataplane"]),
        tests("DPDKTests", ["DPDK", "CDPDK", "TestSupport"]),
        tests("DataplaneTests", ["Dataplane", "DPDK", "TestSupport"]),
        tests("MemifTests", ["Memif", "DPDK", "Dataplane", "CProcess", "TestSupport"]),
        tests("SoftNICTests", ["SoftNIC", "Wire", "DPDK", "Dataplane", "TestSupport"]),
        tests("NetbackTests", guestSide + ["Netback", "AcceleratedBackend", "CDPDK"]),
        tests("NetfrontTests", guestSide + ["Netfront", "AcceleratedFrontend", "CDPDK"]),
        tests("AcceleratedBackendTests", guestSide + ["AcceleratedBackend", "AcceleratedFrontend", "Memif"]),
        tests("DummyAcceleratorTests", guestSide + ["DummyAccelerator"]),
        tests(
            "SwitchingTests",
            guestSide + ["SoftNIC", "Netback", "AcceleratedBackend", "AcceleratedFrontend", "Netfront"]),
        .testTarget(
            name: "PluginFolderTests", dependencies: ["PluginFolder", "CViaductAccel", "TestSupport"], swiftSettings: strict,
            // Under the thread sanitizer, code in Swift that is loaded later needs three functions of the sanitizer's that it
            // does not export by itself. Elsewhere there are no such functions, and nothing happens.
            linkerSettings: [
                .unsafeFlags(
                    ["external_write", "ignore_thread_begin", "ignore_thread_end"].flatMap {
                        ["-Xlinker", "--export-dynamic-symbol=__tsan_\($0)"]
                    })
            ]),
        tests(
            "HookLifeTests",
            guestSide + [
                "PluginFolder", "SoftNIC", "Netback", "AcceleratedBackend", "AcceleratedFrontend", "Netfront",
            ]),
        tests("ControlTests", ["Control", "DPDK", "Wire", "Acceleration", "Netback", "AcceleratedBackend", "SoftNIC", logging]),
        tests("DoctorTests", ["Doctor", "Control", "SoftNIC"], data: ["Hosts"]),
        tests(
            "viaductTests",
            [
                "viaduct", "Control", "Doctor", "Wire", "DPDK", "Dataplane", "Netback", "Netfront", "AcceleratedBackend",
                "Acceleration", "EventLog", logging, arguments,
            ]),
        tests("HotPathTests", []),
        tests("EndToEndTests", ["TestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)
