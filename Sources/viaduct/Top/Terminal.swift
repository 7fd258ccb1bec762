// SPDX-License-Identifier: BSD-3-Clause
import Foundation

/// The terminal at standard input and output, while a command has the whole screen of it.
///
/// What was on the screen, the cursor and the terminal's modes come back with ``leave()``.
final class Terminal {
    private var before = termios()
    private var hasScreen = false

    /// nil where there is none, or one that can't place a cursor.
    init?() {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return nil }
        guard let type = ProcessInfo.processInfo.environment["TERM"], !type.isEmpty, type != "dumb" else { return nil }
        guard unsafe tcgetattr(STDIN_FILENO, &before) == 0 else { return nil }
    }

    deinit { leave() }

    /// From now on every key comes at once and is not shown; Ctrl-C and Ctrl-Z are keys, too. A resize ends ``wait(milliseconds:beside:)``.
    func enter() throws(CommandFailure) {
        // Without a handler the signal would be ignored, and interrupt nothing.
        _ = Foundation.signal(SIGWINCH) { _ in }
        var raw = before
        unsafe cfmakeraw(&raw)
        guard unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == 0 else {
            throw CommandFailure("can't set up the terminal: error \(errno): use --once")
        }
        hasScreen = true
        // The other screen, no cursor, no line that goes on below.
        try write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
    }

    func leave() {
        guard hasScreen else { return }
        hasScreen = false
        try? write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        unsafe _ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
    }

    /// Columns and lines; 80 by 24 where it does not say.
    var size: (width: Int, height: Int) {
        var size = winsize()
        let answer = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        guard answer == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Shows these lines and nothing else.
    func show(_ lines: [TopView.Line]) throws(CommandFailure) {
        // What was there is erased first: behind a line as wide as the terminal the cursor is still on its last column.
        let text = lines.enumerated().map { index, line in
            let erase = index == lines.count - 1 ? "\u{1B}[J" : "\u{1B}[K"
            return erase + (line.isMarked ? "\u{1B}[7m\(line.text)\u{1B}[0m" : line.text)
        }
        try write("\u{1B}[H" + text.joined(separator: "\r\n"))
    }

    /// Waits for a key, a signal, or a byte at `descriptor`, which is taken; what was typed, nil at the end of input.
    func wait(milliseconds: Int32, beside descriptor: Int32) -> [UInt8]? {
        var waited = [
            pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard unsafe poll(&waited, nfds_t(waited.count), milliseconds) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        if waited[1].revents != 0 { unsafe _ = read(descriptor, &bytes, bytes.count) }
        guard waited[0].revents != 0 else { return [] }
        let count = unsafe read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    private func write(_ text: String) throws(CommandFailure) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes[sent...].withUnsafeBytes { unsafe Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                var full = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                unsafe _ = poll(&full, 1, 100)
            } else if errno != EINTR {
                throw CommandFailure("can't write to the terminal: error \(errno)")
            }
        }
    }
}
