// SPDX-License-Identifier: BSD-3-Clause

/// The Ethernet header of a frame, VLAN tags included.
///
/// At most two tags are read. A third one is left in place: then ``etherType`` says that it is a tag, and nothing that
/// looks for IP or ARP matches the frame.
@frozen
public struct EthernetHeader: Sendable {
    public let destination: MACAddress
    public let source: MACAddress

    /// The type that follows the tags, so the protocol of what begins at ``headerLength``.
    public let etherType: EtherType

    /// The outermost tag.
    public let vlan: VLANTag?

    /// The second tag of a frame that carries two.
    public let innerVLAN: VLANTag?

    /// 14, 18 or 22: where the payload begins.
    public let headerLength: Int

    /// Reads the header at the start of `frame`; `nil` when the frame ends before its header does.
    @inlinable @_noLocks
    public init?(_ frame: ByteView) {
        guard frame.count >= 14 else { return nil }
        var type = EtherType(rawValue: frame.u16(at: 12))
        var length = 14
        var outer: VLANTag?
        var inner: VLANTag?
        if type.isVLANTag {
            guard frame.count >= 18 else { return nil }
            outer = VLANTag(tagProtocol: type, control: frame.u16(at: 14))
            type = EtherType(rawValue: frame.u16(at: 16))
            length = 18
            if type.isVLANTag {
                guard frame.count >= 22 else { return nil }
                inner = VLANTag(tagProtocol: type, control: frame.u16(at: 18))
                type = EtherType(rawValue: frame.u16(at: 20))
                length = 22
            }
        }
        destination = frame.mac(at: 0)
        source = frame.mac(at: 6)
        etherType = type
        vlan = outer
        innerVLAN = inner
        headerLength = length
    }
}
