// SPDX-License-Identifier: BSD-3-Clause
import EventLog
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Answers `GET /metrics` over HTTP with the daemon's figures, for Prometheus and its like. See <doc:Metrics>.
///
/// It has one thread of its own, on which it asks the host: a scrape costs the poll loops nothing but the reading of their counters.
public final class MetricsServer: Sendable {
    /// Connections at once; further ones are closed.
    static let maximumClients = 8
    /// Seconds without a byte in either direction after which a connection is closed.
    static let idleSeconds: Int64 = 30

    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    /// Listens at once.
    public init(_ settings: MetricsSettings, _ host: any ControlledHost, logger: Logger) throws(ControlFailure) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let clients = ClientCount()
        do {
            channel = try ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 16)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(Self.idleSeconds)))
                        try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                        try pipeline.addHandler(MetricsSession(host, clients))
                    }
                }
                .bind(host: settings.address, port: settings.port).wait()
        } catch {
            try? group.syncShutdownGracefully()
            throw ControlFailure(
                "can't listen for metrics at \(settings): \(error): choose another address or port")
        }
        logger.log(ControlEvent.metricsServed, ["address": "\(settings)"])
    }

    /// Closes all connections.
    public func stop() {
        try? channel.close().wait()
        try? group.syncShutdownGracefully()
    }
}

/// One connection.
private final class MetricsSession: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let host: any ControlledHost
    private let clients: ClientCount
    private var head: HTTPRequestHead?

    init(_ host: any ControlledHost, _ clients: ClientCount) {
        self.host = host
        self.clients = clients
    }

    func channelActive(context: ChannelHandlerContext) {
        if !clients.come(atMost: MetricsServer.maximumClients) { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { clients.go() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch Self.unwrapInboundIn(data) {
        case .head(let head): self.head = head
        // What a request carries is of no interest.
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = head.uri.prefix { $0 != "?" }
        let isKnown = path == "/metrics"
        let isAsked = head.method == .GET || head.method == .HEAD
        let status: HTTPResponseStatus = !isKnown ? .notFound : isAsked ? .ok : .methodNotAllowed
        let text = status == .ok ? MetricFamilies(host.status).text : "GET /metrics\n"
        let buffer = context.channel.allocator.buffer(string: text)
        var headers: HTTPHeaders = ["Content-Length": "\(buffer.readableBytes)"]
        headers.add(
            name: "Content-Type", value: status == .ok ? "text/plain; version=0.0.4; charset=utf-8" : "text/plain; charset=utf-8")
        if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        if !head.isKeepAlive { headers.add(name: "Connection", value: "close") }
        context.write(
            Self.wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: status, headers: headers))), promise: nil)
        if head.method != .HEAD { context.write(Self.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil) }
        let end = context.writeAndFlush(Self.wrapOutboundOut(.end(nil)))
        if !head.isKeepAlive {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            end.whenComplete { _ in bound.value.close(promise: nil) }
        }
    }
}
