// SPDX-License-Identifier: BSD-3-Clause

/// Why an encoded control message was not accepted. Any of them ends the acceleration of the vif, never the vif.
public enum ControlDecodingError: Error, Hashable, Sendable {
    /// Shorter than a header.
    case truncatedHeader
    /// Longer than ``ControlProtocol/maximumMessageLength``.
    case tooLong
    /// The first octet is not that of a control message.
    case badMagic
    /// The version of the encoding is not ours.
    case unsupportedEncoding(version: UInt8)
    /// The type octet names no message.
    case unknownType(UInt8)
    /// A reserved flag is set.
    case reservedFlags(UInt8)
    /// The length field is not the number of octets after the header.
    case badLength
    /// The body ends inside a field.
    case truncatedBody
    /// The body goes on after its last field.
    case trailingBytes
    /// A text is not UTF-8.
    case invalidText
    /// A text holds control characters, or is empty where a name is needed.
    case forbiddenText
    /// A text or a list is longer than allowed.
    case overLimit
    /// A field has a value that means nothing (reason code, kind of grant, grant id 0, group address).
    case invalidValue
    /// The message is one that only the other side may send.
    case wrongDirection
}
