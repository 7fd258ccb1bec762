// SPDX-License-Identifier: BSD-3-Clause
import EventLog
import Logging
import NIOCore

/// One client: lines are answered one after the other, and nothing is read while an answer is made or sent.
final class ControlSession: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: ControlService
    private let work: ControlWork
    private let clients: ClientCount
    private let logger: Logger
    /// Lines that came with the one that is being answered; at most what one read brings.
    private var waiting: [ByteBuffer] = []
    private var isWorking = false
    private var isWriting = false
    /// The client says no more, or must not.
    private var isLast = false

    init(service: ControlService, work: ControlWork, clients: ClientCount, logger: Logger) {
        self.service = service
        self.work = work
        self.clients = clients
        self.logger = logger
    }

    func channelActive(context: ChannelHandlerContext) {
        guard clients.come(atMost: ControlServer.maximumClients) else {
            logger.log(ControlEvent.tooManyClients)
            return refuse("there are \(ControlServer.maximumClients) clients: try again when one has gone", context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isLast = true
        waiting = []
        clients.go()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isLast { return }
        waiting.append(Self.unwrapInboundIn(data))
        goOn(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            // It does not read its answer, or has nothing to ask.
            if isWriting || !isWorking { context.close(promise: nil) }
        } else if case .some(.inputClosed) = event as? ChannelEvent {
            isLast = true
            if !isWorking && !isWriting && waiting.isEmpty { context.close(promise: nil) }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is ByteToMessageDecoderError.PayloadTooLargeError {
            return refuse("a request has at most \(ControlRequest.maximumBytes) bytes: send less", context)
        }
        context.close(promise: nil)
    }

    private func goOn(_ context: ChannelHandlerContext) {
        guard !isWorking, !isWriting else { return }
        guard !waiting.isEmpty else {
            if isLast { return context.close(promise: nil) }
            return setReading(true, context)
        }
        let line = Array(waiting.removeFirst().readableBytesView)
        isWorking = true
        setReading(false, context)
        let eventLoop = context.eventLoop
        let session = NIOLoopBound((self, context), eventLoop: eventLoop)
        work.carryOut(line, service) { reply in
            eventLoop.execute {
                let (session, context) = session.value
                session.isWorking = false
                if context.channel.isActive { session.send(reply, context) }
            }
        }
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        context.channel.setOption(.autoRead, value: isOn).whenFailure { _ in }
    }

    private func send(_ reply: [UInt8], _ context: ChannelHandlerContext) {
        isWriting = true
        let session = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.writeAndFlush(Self.wrapOutboundOut(context.channel.allocator.buffer(bytes: reply + [UInt8(ascii: "\n")])))
            .whenComplete { _ in
                let (session, context) = session.value
                session.isWriting = false
                if context.channel.isActive { session.goOn(context) }
            }
    }

    /// Says why, and ends.
    private func refuse(_ words: String, _ context: ChannelHandlerContext) {
        isLast = true
        waiting = []
        if !isWorking && !isWriting { send(ControlService.refusal(words), context) }
    }
}
