// SPDX-License-Identifier: BSD-3-Clause
public import DPDK

/// A bare ring port with a device in software behind it, whose data path does nothing.
public enum SoftDevicePort {
    /// Runs `body` with such a port of one queue pair. Inside ``EALFixture``'s gate.
    public static func run(
        _ name: String, engine: any SoftDeviceEngine, clock: @escaping SoftDeviceFunctions.ReadClock = { _ in 0 },
        isDone: @escaping SoftDeviceFunctions.TransmitDone = { _, _, _ in 1 }, _ body: (PortID) throws -> Void
    ) throws {
        let ring = try MbufRing(name: name, capacity: 16)
        let port = try Port.attach(name, receiveRings: [ring.handle], transmitRings: [ring.handle])
        defer { Port.detach("net_ring_\(name)") }
        var context = 0
        try unsafe withUnsafeMutablePointer(to: &context) { context in
            let device = unsafe SoftDevice(
                port: port, engine: engine,
                functions: SoftDeviceFunctions(
                    context: context, received: { _, _ in }, transmitting: { _, _, _, count in count }, readClock: clock,
                    transmitDone: isDone))
            try body(port)
            withExtendedLifetime(device) {}
        }
    }
}
