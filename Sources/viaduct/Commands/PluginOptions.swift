// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import PluginFolder

/// Who accelerates the guest, and where that comes from.
struct PluginOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Who accelerates the guest: \(PluginKind.builtIn.joined(separator: ", ")), or the name of a plugin in --plugin-folder.",
            valueName: "name"))
    var plugin = PluginKind.accelerated
    @Option(
        help: ArgumentHelp(
            """
            The folder of plugins that are files: NAME is libNAME.so there. Folder and file must belong to root or to you, and nobody \
            else may write them.
            """, valueName: "folder"))
    var pluginFolder: String?

    func validate() throws {
        guard case .file(let name) = plugin else { return }
        guard PluginName.isValid(name) else { throw ValidationError("\(PluginFolderError.invalidName(name)).") }
        guard pluginFolder != nil else {
            let builtIn = PluginKind.builtIn.joined(separator: ", ")
            throw ValidationError(
                "--plugin \(name) is none of \(builtIn): say with --plugin-folder where its file is.")
        }
    }
}
