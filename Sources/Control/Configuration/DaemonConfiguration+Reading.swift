// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Logging
import PluginFolder
import SoftNIC
import Wire

extension DaemonConfiguration {
    /// Reads a file.
    ///
    /// - Parameter processors: how many CPUs there are; nil for this machine's.
    /// - Throws: everything that is wrong with it.
    public init(file: String, processors: Int? = nil) throws(ConfigurationError) {
        func fail(_ words: String) -> ConfigurationError { ConfigurationError(file: file, [ConfigurationProblem(words)]) }
        guard let handle = FileHandle(forReadingAtPath: file) else {
            throw fail("this can't be opened (\(SocketPath.systemError())): name another file")
        }
        guard let data = try? handle.read(upToCount: ConfigurationTree.maximumBytes + 1) ?? Data() else {
            throw fail("this can't be read: name a file")
        }
        guard data.count <= ConfigurationTree.maximumBytes else {
            throw fail("this is longer than \(ConfigurationTree.maximumBytes) bytes: name another file")
        }
        guard let text = String(data: data, encoding: .utf8) else { throw fail("this is no text in UTF-8: correct it") }
        try self.init(yaml: text, file: file, processors: processors)
    }

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - file: its name, for problems.
    ///   - processors: how many CPUs there are; nil for this machine's.
    /// - Throws: everything that is wrong with it.
    public init(
        yaml: String, file: String?, processors: Int? = nil
    ) throws(ConfigurationError) {
        let processors = processors ?? ProcessInfo.processInfo.activeProcessorCount
        let list = ProblemList()
        let tree = try ConfigurationTree(yaml: yaml, file: file)
        let read = Self.read(SectionReader<FileKey>(tree, line: tree.line ?? 1, path: "", list), processors: processors)
        guard let read, list.problems.isEmpty else { throw ConfigurationError(file: file, list.problems) }
        self = read
    }

    private static func read(_ top: SectionReader<FileKey>, processors: Int) -> DaemonConfiguration? {
        if !top.has(.version) {
            top.complain(.version, "is missing: begin with version: \(version)")
        } else if let number: Int = top.integer(.version, 0...Int.max), number != version {
            top.complain(.version, "this program reads version \(version), not \(number): use the program that it is for")
        }
        // Everything is read, whatever fails, so that all problems are found.
        let control = ControlSocketSettings(top)
        let lcores = LcoreSettings(top, processors: processors)
        let memory = MemorySettings(top)
        let uplink = UplinkSettings(top)
        let switching = SwitchSettings(top)
        let plugin = readPlugin(top)
        let telemetry = top.flag(.telemetry)
        let capture = top.flag(.capture)
        let metrics = top.has(.metrics) ? MetricsSettings(top) : nil
        let vifs = VifSettings.readAll(top)
        let levels = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
        let level = top.value(.logLevel, "one of \(levels)", Logger.Level.init(rawValue:))
        let together = VifsTogether(
            vifs: vifs, control: control, maximumVifs: switching.maximumVifs, memory: memory,
            capture: capture ?? false)
        together.check(top)
        guard let uplink else { return nil }
        var result = DaemonConfiguration(uplink: uplink)
        result.control = control
        result.lcores = lcores
        result.memory = memory
        result.switching = switching
        result.plugin = plugin ?? .accelerated
        result.telemetry = telemetry ?? true
        result.capture = capture ?? false
        result.metrics = metrics
        result.vifs = vifs.map(\.settings)
        result.logLevel = level ?? .info
        return result
    }

    private static func readPlugin(_ top: SectionReader<FileKey>) -> PluginSettings? {
        let folder = top.text(.pluginFolder)
        if let folder, !folder.hasPrefix("/") { top.complain(.pluginFolder, "must be a full path, from / on") }
        guard let name = top.text(.plugin) else { return nil }
        switch name {
        case "accelerated": return .accelerated
        case "none": return PluginSettings.none
        default:
            guard PluginName.isValid(name) else {
                top.complain(.plugin, "\"\(name)\" is no plugin's name: accelerated, none, or NAME of a file libNAME.so")
                return nil
            }
            guard let folder else {
                top.complain(.plugin, "\(name) is neither accelerated nor none: say with plugin-folder where its file is")
                return nil
            }
            return .file(name: name, folder: folder)
        }
    }

    /// Each has two lcore ids of DPDK's 128.
    public static let maximumAttachedVifs = 40
}

extension LcoreSettings {
    init(_ top: SectionReader<FileKey>, processors: Int) {
        self.init()
        guard let reader = top.section(.lcores, LcoreKey.self) else { return }
        if let plan = reader.word(.plan, LcorePlan.self) { self.plan = plan }
        let wanted = "a list of CPUs such as 2,4-5, of 0 to \(processors - 1)"
        cpus = forEachLcore(
            reader.values(.cpus, wanted) { Self.cpuList($0, processors: processors) }, of: .cpus, called: "lists", reader)
        let words = IdleChoice.allCases.map(\.rawValue).joined(separator: ", ")
        idle = forEachLcore(
            reader.values(.idle, "one of \(words)", IdleChoice.init(rawValue:)), of: .idle, called: "words", reader)
    }

    /// One value is for all lcores of the plan; several are one for each.
    private func forEachLcore<Value>(
        _ values: [Value]?, of key: LcoreKey, called name: String, _ reader: SectionReader<LcoreKey>
    ) -> [Value]? {
        // Where one of them is wrong, that was said already.
        guard let values, values.count == reader.items(key)?.count else { return nil }
        if values.count == 1 { return Array(repeating: values[0], count: plan.lcoreCount) }
        if values.count == plan.lcoreCount { return values }
        reader.complain(
            key,
            "\(values.count) \(name) for the \(plan.lcoreCount) lcores of plan \(plan.rawValue): give one for all, or one for each"
        )
        return nil
    }

    /// `2,4-5` is 2, 4 and 5.
    static func cpuList(_ text: String, processors: Int) -> [Int]? {
        var cpus: [Int] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first >= 0, first <= last,
                last < processors
            else { return nil }
            cpus += first...last
        }
        return Set(cpus).count == cpus.count ? cpus : nil
    }
}

extension MetricsSettings {
    init(_ top: SectionReader<FileKey>) {
        self.init()
        guard let reader = top.section(.metrics, MetricsKey.self) else { return }
        let wanted = "an IPv4 or IPv6 address such as 127.0.0.1"
        address = reader.value(.address, wanted) { IPv4Address($0) == nil && IPv6Address($0) == nil ? nil : $0 } ?? address
        port = reader.integer(.port, 1...65535) ?? port
    }
}

extension MemorySettings {
    init(_ top: SectionReader<FileKey>) {
        self.init()
        guard let reader = top.section(.memory, MemoryKey.self) else { return }
        pages = reader.word(.pages, Pages.self)
        megabytes = reader.integer(.megabytes, 64...1_048_576, unit: "MB")
    }
}

extension SwitchSettings {
    init(_ top: SectionReader<FileKey>) {
        self.init()
        guard let reader = top.section(.switching, SwitchKey.self) else { return }
        fdbCapacity = reader.integer(.fdbCapacity, 1...1 << 20, unit: "addresses") ?? fdbCapacity
        fdbAgeSeconds = reader.integer(.fdbAge, 1...86400, unit: "seconds") ?? fdbAgeSeconds
        hold = reader.integer(.hold, 1...1 << 20, unit: "frames") ?? hold
        maximumVifs = reader.integer(.maximumVifs, 1...1024) ?? maximumVifs
    }
}

extension ControlSocketSettings {
    init(_ top: SectionReader<FileKey>) {
        self.init()
        guard let reader = top.section(.control, ControlKey.self) else { return }
        if let path = reader.socketPath(.socket) { self.path = path }
        if let mode = reader.fileMode(.mode) { access.mode = mode }
        access.group = reader.group(.group)
    }
}
