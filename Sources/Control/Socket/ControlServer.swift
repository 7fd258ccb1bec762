// SPDX-License-Identifier: BSD-3-Clause
import Foundation
public import Logging
import NIOCore
import NIOPosix

/// The control socket: many clients, a request a line, each answered in its turn. See <doc:ControlSocket>.
///
/// It has one thread of its own; requests are carried out by others (`ControlWork`). What a client does, or does not do, holds up itself alone: it is read
/// only while it reads, and is sent away when neither happens.
public final class ControlServer: Sendable {
    /// Connections at once; further ones are told so and closed.
    public static let maximumClients = 32
    /// Seconds without a byte in either direction after which a client is sent away.
    static let idleSeconds: Int64 = 60

    private let claim: ControlSocketClaim
    private let group: MultiThreadedEventLoopGroup
    private let work: ControlWork
    private let channel: any Channel

    /// Listens at once.
    public init(_ claim: ControlSocketClaim, _ service: ControlService, logger: Logger) throws(ControlFailure) {
        self.claim = claim
        let settings = claim.settings
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let clients = ClientCount()
        let work = ControlWork()
        self.work = work
        do {
            channel = try ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 16)
                .childChannelOption(.maxMessagesPerRead, value: 1)
                // Who says no more may still wait for an answer.
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandlers([
                            IdleStateHandler(allTimeout: .seconds(Self.idleSeconds)),
                            ByteToMessageHandler(LineDecoder(), maximumBufferSize: ControlRequest.maximumBytes),
                            ControlSession(service: service, work: work, clients: clients, logger: logger),
                        ])
                    }
                }
                .bind(unixDomainSocketPath: settings.path).wait()
        } catch {
            work.stop()
            try? group.syncShutdownGracefully()
            throw ControlFailure("can't listen at \(settings.path): \(error): choose another path for the control socket")
        }
        do throws(ControlFailure) {
            try SocketPath.allow(settings.access, settings.path)
        } catch {
            stop()
            throw error
        }
    }

    /// Sends all clients away and removes the socket.
    public func stop() {
        try? channel.close().wait()
        work.stop()
        try? group.syncShutdownGracefully()
        _ = unsafe unlink(claim.settings.path)
    }
}

/// Cuts a stream into lines.
private struct LineDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else { return .needMoreData }
        guard let line = buffer.readSlice(length: end - buffer.readerIndex) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: 1)
        if line.readableBytes > 0 { context.fireChannelRead(Self.wrapInboundOut(line)) }
        return .continue
    }

    /// A last line without an end was never finished.
    mutating func decodeLast(context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool) throws -> DecodingState {
        let state = try decode(context: context, buffer: &buffer)
        if case .needMoreData = state { buffer.clear() }
        return state
    }
}
