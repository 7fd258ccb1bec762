// SPDX-License-Identifier: BSD-3-Clause

/// One VLAN tag of a frame (IEEE 802.1Q-2018 9.6).
@frozen
public struct VLANTag: Sendable {
    /// Which kind of tag it is: ``EtherType/vlan`` or ``EtherType/qinq``.
    public let tagProtocol: EtherType

    /// The 16 bits after the EtherType: priority, drop eligibility, identifier.
    public let control: UInt16

    @inlinable @_noLocks
    public init(tagProtocol: EtherType, control: UInt16) {
        self.tagProtocol = tagProtocol
        self.control = control
    }

    /// The VLAN identifier, 0...4095. 0 is a priority tag (no VLAN), 4095 is reserved.
    @inlinable
    public var id: UInt16 {
        @_noLocks get { control & 0x0FFF }
    }

    /// Priority code point, 0...7.
    @inlinable
    public var priority: UInt8 {
        @_noLocks get { UInt8(truncatingIfNeeded: control >> 13) }
    }

    /// True when the frame may be dropped first under congestion.
    @inlinable
    public var isDropEligible: Bool {
        @_noLocks get { control & 0x1000 != 0 }
    }
}

extension ByteView {
    /// Whether the frame belongs to a VLAN: it has a tag with an identifier other than 0, which is a priority alone (IEEE 802.1Q-2018
    /// 9.6), or ends inside its tag. False for what is no frame at all.
    @inlinable
    public var isInVLAN: Bool {
        @_noLocks get {
            guard count >= 14, EtherType(rawValue: u16(at: 12)).isVLANTag else { return false }
            return count < 18 || u16(at: 14) & 0x0FFF != 0
        }
    }
}

extension VLANTag: Hashable {
    @inlinable @_noLocks
    public static func == (left: VLANTag, right: VLANTag) -> Bool {
        left.tagProtocol == right.tagProtocol && left.control == right.control
    }

    @inlinable @_noLocks
    public static func != (left: VLANTag, right: VLANTag) -> Bool {
        !(left == right)
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(tagProtocol)
        hasher.combine(control)
    }
}
