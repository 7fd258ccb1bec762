// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser
import Control
import Testing

@testable import viaduct

/// The screen of `viaduct top`, and what keys do to it.
struct TopViewTests {
    private static func vif(
        _ name: String, to: Double? = 0, from: Double? = 0, declines: Double? = nil, drops: Double? = 0, path: String = "slow",
        isWanted: Bool = true, reason: String? = nil
    ) -> TopSample.Vif {
        func rate(_ frames: Double?) -> TopSample.Rate? {
            frames.map { TopSample.Rate(framesPerSecond: $0, bitsPerSecond: $0 * 800) }
        }
        return TopSample.Vif(
            name: name, kind: "attached", path: path, form: path == "fast" ? "A" : nil, isWanted: isWanted, toGuest: rate(to),
            fromGuest: rate(from), declinesPerSecond: declines, dropsPerSecond: drops, reason: reason)
    }

    private static func sample(_ vifs: [TopSample.Vif]) -> TopSample {
        TopSample(
            pid: 7, uptimeSeconds: 3661, seconds: 1,
            uplink: TopSample.Uplink(
                device: "net_null0", state: "link up", received: TopSample.Rate(framesPerSecond: 1_234_567, bitsPerSecond: 1e9),
                transmitted: nil, lostPerSecond: 3),
            lcores: [
                TopSample.Lcore(lcore: 1, idle: "adaptive", busy: 0.5), TopSample.Lcore(lcore: 2, idle: "sleep", busy: nil),
            ],
            vifs: vifs)
    }

    private static let three = sample([
        vif("a", to: 5, from: 1, drops: 9, path: "fast"),
        vif("b", to: 1, from: 50, declines: 4, isWanted: false, reason: "why b"),
        vif("c", to: nil, from: nil, drops: nil, reason: "why c"),
    ])

    @Test func theWholeIsToldInColumns() {
        let text = TopText(Self.three, order: .name)
        #expect(text.head[0] == "process 7  up 01:01:01  vifs 3, to be accelerated 2, accelerated 1")
        #expect(text.head[1].contains("received 1.235 Mpps 1.000 Gbit/s  transmitted - Mpps - Gbit/s  lost 3/s"))
        #expect(text.head[2].hasSuffix("1 50 %  2 -"))
        let words = text.vifs.map { $0.split(separator: " ").joined(separator: " ") }
        #expect(
            words == [
                "a attached fast A 0.000 0.000 0.000 0.000 - 9", "b attached slow 0.000 0.000 0.000 0.000 4 0 why b",
                "c attached slow - - - - - - why c",
            ])
        let place = text.header.ranges(of: "why").first?.lowerBound
        #expect(place == text.vifs[1].ranges(of: "why").first?.lowerBound)
        #expect(TopText.duration(2 * 86400 + 61) == "2 d 00:01:01" && TopText.duration(-1) == "00:00:00")
    }

    @Test(arguments: [
        (TopOrder.traffic, "bac"), (.toGuest, "abc"), (.fromGuest, "bac"), (.declines, "bac"), (.drops, "abc"), (.path, "cba"),
        (.name, "abc"),
    ])
    func eachOrderIsChosenByItsKey(_ order: TopOrder, _ names: String) {
        var view = TopView(order: order == .name ? .path : .name)
        #expect(view.press(.character(order.key)) == .nothing)
        #expect(Self.names(view.screen(Self.three, trouble: nil, width: 200, height: 50)) == names)
        #expect(view.press(.character("r")) == .nothing)
        #expect(Self.names(view.screen(Self.three, trouble: nil, width: 200, height: 50)) == String(names.reversed()))
    }

    @Test func noTwoKeysAreOne() {
        let keys = TopOrder.allCases.map(\.key) + ["q", "r"]
        #expect(Set(keys).count == keys.count)
    }

    /// The vifs on a screen, by their first letter.
    private static func names(_ lines: [TopView.Line]) -> String {
        let header = lines.lastIndex { $0.isMarked } ?? 0
        return String(lines[(header + 1)...].dropLast().compactMap(\.text.first))
    }

    /// Whatever the terminal: no line is longer or lower than it.
    @Test func everyLineFits() {
        let long = Self.sample(
            (0..<30).map { Self.vif("vif\($0)", reason: String(repeating: "because ", count: 20)) } + Self.three.vifs)
        for (width, height) in [(200, 50), (80, 24), (79, 10), (40, 6), (3, 5), (1, 1), (20, 0)] {
            for trouble in [nil, "the daemon went away and has not come back"] {
                var view = TopView(order: .name)
                let lines = view.screen(long, trouble: trouble, width: width, height: height)
                #expect(lines.count <= height && lines.allSatisfy { $0.text.count <= width }, "\(width) x \(height)")
                if height > 8 { #expect(lines.count == height || lines.count == 38 + (trouble == nil ? 0 : 1)) }
            }
        }
    }

    @Test func aNarrowTerminalShowsTheReasonRatherThanTheKind() {
        let sample = Self.sample([Self.vif("a", reason: "table full")])
        let (narrow, wide) = (TopText(sample, order: .name, width: 80), TopText(sample, order: .name, width: 120))
        #expect(!narrow.header.contains("kind") && narrow.vifs[0].contains("slow") && narrow.vifs[0].hasSuffix("table full"))
        #expect(wide.header.contains("kind"))
    }

    @Test func manyVifsAreScrolled() {
        let letters = "abcdefghij"
        let sample = Self.sample(letters.map { Self.vif(String($0)) })
        var view = TopView(order: .name)
        // Three lines of head, the columns, four vifs, and the foot.
        func shown(_ keys: TerminalKey...) -> String {
            for key in keys { _ = view.press(key) }
            return Self.names(view.screen(sample, trouble: nil, width: 200, height: 9))
        }
        #expect(shown() == "abcd")
        #expect(view.screen(sample, trouble: nil, width: 200, height: 9).last?.text.hasPrefix("... 6 more  by name") == true)
        #expect(shown(.up) == "abcd")
        #expect(shown(.down, .down) == "cdef")
        #expect(shown(.pageDown) == "ghij")
        #expect(shown(.down, .pageDown) == "ghij", "there is nothing below the last")
        #expect(shown(.up) == "fghi")
        #expect(shown(.home) == "abcd")
        #expect(shown(.end) == "ghij")
        #expect(view.screen(sample, trouble: nil, width: 200, height: 9).last?.text.hasPrefix("6 above  by name") == true)
        #expect(shown(.pageUp) == "cdef")
        // Vifs that go take the place with them.
        let few = Self.sample([Self.vif("z")])
        #expect(Self.names(view.screen(few, trouble: nil, width: 200, height: 9)) == "z")
    }

    @Test func keysAskForWhatTheCommandDoes() {
        var view = TopView(order: .name)
        let before = view
        #expect(view.press(.character("q")) == .quit && view.press(.control("C")) == .interrupt)
        #expect(view.press(.control("Z")) == .suspend)
        #expect(view.press(.character("~")) == .nothing && view.press(.control("A")) == .nothing)
        #expect(view == before)
    }

    /// What the daemon said last stays on the screen below the news that it is gone.
    @Test func troubleIsToldAboveTheLastSample() {
        var view = TopView(order: .name)
        let alone = view.screen(nil, trouble: "no daemon", width: 80, height: 24)
        #expect(alone.first == TopView.Line(text: "no daemon", isMarked: true) && alone.count == 2)
        let lines = view.screen(Self.three, trouble: "no daemon", width: 80, height: 24)
        #expect(lines.first == TopView.Line(text: "no daemon", isMarked: true) && Self.names(lines) == "abc")
    }

    /// A guest's words are in a reason, a driver's in the state of the uplink.
    @Test func nobodysWordsDriveTheTerminal() {
        var hostile = Self.sample([Self.vif("a", reason: "\u{1B}[2Jgone\n\u{9B}31m\u{7}\u{7F}é")])
        hostile.uplink.state = "\u{1B}]0;title\u{7}"
        var view = TopView(order: .name)
        let lines = view.screen(hostile, trouble: "\u{1B}c", width: 300, height: 50).map(\.text)
        for line in lines { #expect(line.unicodeScalars.allSatisfy { (0x20..<0x7F).contains($0.value) }, "\(line)") }
        #expect(lines.contains { $0.hasSuffix("?[2Jgone??31m???") })
    }

    // MARK: Keys

    @Test func keysComeInPieces() {
        var reader = TerminalKeyReader()
        func read(_ text: String) -> [TerminalKey] { reader.read(text.utf8) }
        #expect(read("qQ\u{3}\u{1A}") == [.character("q"), .character("Q"), .control("C"), .control("Z")])
        #expect(read("\u{1B}[A\u{1B}OB\u{1B}[5~\u{1B}[6~") == [.up, .down, .pageUp, .pageDown])
        #expect(read("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~") == [.home, .end, .home, .end])
        #expect(read("\u{1B}") == [] && read("[") == [] && read("B") == [.down])
        #expect(read("\u{1B}\u{1B}[Aq") == [.up, .character("q")], "an escape alone is no key")
        #expect(read("\u{1B}qs") == [.character("s")], "with Alt it is another key")
        #expect(read("\u{1B}[1;5A\u{1B}[200~é\u{0}n") == [.character("n")])
        // A sequence without an end is not kept for ever.
        #expect(read("\u{1B}[" + String(repeating: "1", count: 14) + "n") == [.character("n")])
    }

    // MARK: The command line

    @Test func theCommandIsUnderstood() throws {
        let command = try #require(
            try Viaduct.parseAsRoot(["top", "--interval", "0.5", "--sort", "to-guest", "--once", "--socket", "/x"]) as? TopCommand
        )
        #expect(command.interval == 0.5 && command.sort == .toGuest && command.once && command.options.socket == "/x")
        for wrong in [["--interval", "0"], ["--interval", "nan"], ["--interval", "3601"], ["--sort", "size"], ["x"]] {
            #expect(throws: (any Error).self) { try Viaduct.parseAsRoot(["top"] + wrong) }
        }
    }
}
