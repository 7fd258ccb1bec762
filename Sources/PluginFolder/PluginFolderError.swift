// SPDX-License-Identifier: BSD-3-Clause

/// Which half of a plugin.
public enum PluginHalf: String, Sendable, CaseIterable {
    case backend, frontend
}

/// Why a plugin was not taken from its folder. Each description is one line that says what to do about it.
public enum PluginFolderError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidName(String)
    /// The folder cannot be used: what is wrong with which path.
    case folderUnusable(path: String, problem: String)
    /// Others than root and this process's user may change what is in the folder.
    case folderNotTrusted(path: String, problem: String)
    /// - known: the names for which the folder has a file.
    case notFound(name: String, folder: String, known: [String])
    case fileUnusable(path: String, problem: String)
    case fileNotTrusted(path: String, problem: String)
    /// A symbolic link leads to a file that is not in the folder.
    case leadsOut(path: String, target: String)
    /// It is not the file any more that was loaded under this name.
    case changed(name: String, path: String)
    /// The dynamic loader's own words.
    case notLoadable(path: String, problem: String)
    case noEntryPoint(path: String)
    /// The plugin gave no table, in its own words.
    case refused(name: String, half: PluginHalf, reason: String)
    case tooNew(name: String, half: PluginHalf, plugin: UInt32, host: UInt32)
    case tooOld(name: String, half: PluginHalf, plugin: UInt32, oldest: UInt32)
    case tableUnusable(name: String, half: PluginHalf, problem: String)

    public var description: String { Self.line(text) }

    private var text: String {
        switch self {
        case .invalidName(let name):
            "\"\(name)\" is no plugin's name: give 1 to \(PluginName.maximumLength) letters, digits, - _ or . (not first), "
                + "and no path"
        case .folderUnusable(let path, let problem):
            "\(path) cannot be the folder of plugins (\(problem)): name an existing folder"
        case .folderNotTrusted(let path, let problem):
            "\(path) \(problem), so plugins below it are not loaded: let it belong to root or to this process's user, "
                + "and nobody else write there (chmod go-w)"
        case .notFound(let name, let folder, let known):
            "there is no plugin \(name) in \(folder): put \(PluginName.file(name)) there"
                + (known.isEmpty ? "" : ", or choose one of: \(known.joined(separator: ", "))")
        case .fileUnusable(let path, let problem): "\(path) is not usable as a plugin (\(problem)): replace it"
        case .fileNotTrusted(let path, let problem):
            "\(path) \(problem), so it is not loaded: let it belong to root or to this process's user, and nobody else "
                + "write it (chmod go-w)"
        case .leadsOut(let path, let target):
            "\(path) leads to \(target), outside of its folder: put the file itself there"
        case .changed(let name, let path):
            "\(path) has changed since plugin \(name) was loaded from it: give the new build a new file name and load that"
        case .notLoadable(let path, let problem): "\(path) does not load (\(problem)): build it for this machine"
        case .noEntryPoint(let path):
            "\(path) has neither viaduct_backend_plugin nor viaduct_frontend_plugin: export one of them (viaduct_accel.h)"
        case .refused(let name, let half, let reason):
            "plugin \(name) gives no \(half.rawValue) (\(reason)): see its documentation"
        case .tooNew(let name, let half, let plugin, let host):
            "plugin \(name)'s \(half.rawValue) is written for API \(Self.hex(plugin)), this host has \(Self.hex(host)): "
                + "take a build for that, or a newer host"
        case .tooOld(let name, let half, let plugin, let oldest):
            "plugin \(name)'s \(half.rawValue) is written for API \(Self.hex(plugin)), the oldest supported is "
                + "\(Self.hex(oldest)): build it anew"
        case .tableUnusable(let name, let half, let problem):
            "plugin \(name)'s \(half.rawValue) has an unusable table (\(problem)): correct the plugin"
        }
    }

    private static func hex(_ version: UInt32) -> String { "0x" + String(version, radix: 16) }

    /// Names and the words of others may hold anything; a line does not.
    private static func line(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control || $0.properties.isWhitespace ? " " : $0 }))
    }
}
