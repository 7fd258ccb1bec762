// SPDX-License-Identifier: BSD-3-Clause

/// What a reader of the live `viaduct top` has chosen, and what is on the screen by that.
struct TopView: Equatable {
    /// What a key asks the command for.
    enum Wish: Equatable {
        case nothing, quit, interrupt, suspend
    }

    /// One line of the screen.
    struct Line: Equatable {
        var text: String
        /// Dark on bright.
        var isMarked = false
    }

    private(set) var order: TopOrder
    private(set) var isReversed = false
    /// The first vif that is shown.
    private(set) var first = 0
    /// Vifs that were shown the last time.
    private var page = 1

    init(order: TopOrder) { self.order = order }

    mutating func press(_ key: TerminalKey) -> Wish {
        switch key {
        case .character("q"), .character("Q"): return .quit
        case .control("C"): return .interrupt
        case .control("Z"): return .suspend
        case .up: first -= 1
        case .down: first += 1
        case .pageUp: first -= page
        case .pageDown: first += page
        case .home: first = 0
        case .end: first = .max / 2
        case .character("r"): isReversed.toggle()
        case .character(let character):
            if let chosen = TopOrder.allCases.first(where: { $0.key == character }) { (order, isReversed) = (chosen, false) }
        case .control: break
        }
        first = max(0, first)
        return .nothing
    }

    /// The screen, at most `height` lines of at most `width` columns.
    ///
    /// - Parameters:
    ///   - sample: the newest; nil before the first one.
    ///   - trouble: why there is no newer one.
    mutating func screen(_ sample: TopSample?, trouble: String?, width: Int, height: Int) -> [Line] {
        var lines: [Line] = []
        if let trouble { lines.append(Line(text: TopText.cut(TopText.plain(trouble), width), isMarked: true)) }
        if let sample {
            let text = TopText(sample, order: order, isReversed: isReversed, width: width)
            lines += text.head.map { Line(text: $0) }
            let space = String(repeating: " ", count: max(0, width - text.header.count))
            lines.append(Line(text: text.header + space, isMarked: true))
            // The last line is the foot's.
            page = max(1, height - lines.count - 1)
            first = min(first, max(0, text.vifs.count - page))
            let shown = text.vifs.dropFirst(first).prefix(page)
            lines += shown.map { Line(text: $0) }
            lines.append(Line(text: TopText.cut(foot(shown: shown.count, of: text.vifs.count), width)))
        } else {
            lines.append(Line(text: TopText.cut("waiting for the daemon; q quits", width)))
        }
        return Array(lines.prefix(max(0, height)))
    }

    private func foot(shown: Int, of all: Int) -> String {
        let more = all - first - shown
        let above = first > 0 ? "\(first) above  " : ""
        let below = more > 0 ? "... \(more) more  " : ""
        let keys = TopOrder.allCases.map { "\($0.key) \($0.rawValue)" }.joined(separator: " ")
        let turned = isReversed ? ", reversed" : ""
        return "\(above)\(below)by \(order.rawValue)\(turned)  |  \(keys)  r reverse  arrows scroll  q quit"
    }
}
