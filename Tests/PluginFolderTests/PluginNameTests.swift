// SPDX-License-Identifier: BSD-3-Clause
import Testing

@testable import PluginFolder

@Suite struct PluginNameTests {
    @Test(arguments: ["sfc", "sfc-2", "SFC_10.2", "2", "a..b", "-", String(repeating: "x", count: 64)])
    func namesAreTaken(name: String) {
        #expect(PluginName.isValid(name))
        #expect(PluginName.ofFile(PluginName.file(name)) == name)
    }

    @Test(arguments: [
        "", ".", "..", ".hidden", "a/b", "/etc/x", "../x", "a\\b", "a b", "a\n", "a\0b", "é", "a:b", "*", "x;y", "$x",
        "\u{202E}x", String(repeating: "x", count: 65),
    ])
    func othersAreRefused(name: String) {
        #expect(!PluginName.isValid(name))
        #expect(PluginName.ofFile(PluginName.file(name)) == nil)
    }

    @Test(arguments: ["sfc.so", "libsfc", "libsfc.so.1", "lib.so", "lib.x.so", "libsfc.a", ""])
    func otherFilesAreNoPlugins(file: String) { #expect(PluginName.ofFile(file) == nil) }
}
