// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import PluginFolder
import TestSupport
import Testing

extension PluginShelf {
    var folder: PluginFolder { get throws { try PluginFolder(path: path) } }

    /// Why the plugin does not load; nil, and a failed test, when it does.
    func refusal(of name: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> PluginFolderError? {
        let folder = try folder
        return #expect(throws: PluginFolderError.self, sourceLocation: sourceLocation) { _ = try folder.load(name) }
    }
}
