// SPDX-License-Identifier: BSD-3-Clause
import Acceleration
import Foundation
import Netfront

/// The traffic between two kernels: ping and one TCP stream from the remote host to the guest, while acceleration comes and goes.
final class KernelTraffic {
    /// What the programs said in the end, on the run's clock.
    struct Outcome: Sendable {
        /// From the side that received the TCP stream.
        var receiver: IperfReport
        var retransmits: Int
        var replies: PingReplies
        /// Seconds since 1970 at which the run began.
        var began: Double
        /// Seconds after that at which the TCP stream did.
        var testStart: Double
    }

    private let server: ChildProcess
    private let ping: ChildProcess
    private let client: ChildProcess
    private let seconds: Int
    private let began: Double

    private static let guestAddress = "10.77.0.2"
    private static let port: UInt16 = 5201
    /// Less than the queues on the way hold: a frame that TCP has to send again was lost, not crowded out.
    private static let window = "512K"
    /// Bytes that only the TCP stream brings so soon.
    private static let streamBytes: UInt64 = 200_000

    /// Starts everything. Whatever was started ends with this object.
    init(_ namespaces: NamespacePair, seconds: Int, folder: String, conductor: PathConductor) throws {
        self.seconds = seconds
        func command(_ namespace: NetworkNamespace, _ words: String...) -> [String] {
            ["ip", "netns", "exec", namespace.name] + words
        }
        do throws(HostError) {
            try ChildProcess.run(command(namespaces.remote, "ping", "-c", "1", "-w", "5", Self.guestAddress), folder: folder)
        } catch {
            throw CommandFailure("the guest does not answer ping: run again with --verbose for the counters")
        }
        server = try ChildProcess(
            command(namespaces.guest, "iperf3", "--version4", "--server", "--one-off", "--json", "--interval", "0.1"),
            output: "\(folder)/server")
        let end = DispatchTime.now() + .seconds(5)
        while !namespaces.isListening(port: Self.port, in: namespaces.guest) {
            guard DispatchTime.now() < end, server.poll() == nil else {
                throw CommandFailure("iperf3 does not start as a server: \(server.output)")
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
        began = conductor.begin()
        ping = try ChildProcess(
            command(namespaces.remote, "ping", "-D", "-i", "0.2", "-w", "\(seconds + 30)", Self.guestAddress),
            output: "\(folder)/ping")
        client = try ChildProcess(
            command(
                namespaces.remote, "iperf3", "--client", Self.guestAddress, "--time", "\(seconds)", "--json", "--interval", "0.1",
                "--window", Self.window),
            output: "\(folder)/client")
    }

    /// Lets the traffic run to its end; what became of it.
    ///
    /// - Parameter line: is given a line of the table once a second.
    func run(
        _ conductor: PathConductor, _ host: EmbeddedHost, line: ((String) -> Void)?
    ) throws -> Outcome {
        var table = LiveTable()
        var testStart: Double?
        let before = bytes(host.netfront.currentStatus)
        while true {
            try Interruption.check()
            let code = client.poll()
            let status = try conductor.advance()
            if testStart == nil, bytes(status) &- before > Self.streamBytes { testStart = conductor.seconds }
            if let line, let text = table.line(status, form: host.backendStatus.form, at: conductor.seconds) { line(text) }
            if let code {
                try judge(code)
                break
            }
            guard conductor.seconds < Double(seconds + 20) else {
                throw CommandFailure("the TCP stream does not end: run again with --verbose for the counters")
            }
            Thread.sleep(forTimeInterval: 0.01)
        }
        ping.interrupt()
        _ = server.wait(seconds: 5)
        guard let receiver = IperfReport(json: server.output), let sender = IperfReport(json: client.output) else {
            throw CommandFailure("iperf3 wrote no report: \(client.output.prefix(200))")
        }
        return Outcome(
            receiver: receiver, retransmits: sender.end.sent?.retransmits ?? 0, replies: PingReplies(output: ping.output),
            began: began, testStart: testStart ?? 0)
    }

    private func judge(_ code: Int32) throws(CommandFailure) {
        let report = IperfReport(json: client.output)
        if let error = report?.error { throw CommandFailure("the TCP stream failed: \(error)") }
        if code != 0 { throw CommandFailure("iperf3 ended with exit code \(code): \(client.output.prefix(200))") }
    }

    private func bytes(_ status: NetfrontStatus) -> UInt64 { status[.receivedFastBytes] &+ status[.receivedSlowBytes] }

    /// Ends every program.
    func end() {
        for child in [client, ping, server] { child.end() }
    }
}
