// SPDX-License-Identifier: BSD-3-Clause
import Foundation
import Wire

/// A capture to be replayed, judged before anything is started: net_pcap itself takes a damaged record for the end.
///
/// Formats: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), of Ethernet, in either byte order.
struct CaptureFile: Equatable, Sendable {
    let path: String
    /// Frames that the guest's network can carry.
    let frames: Int

    /// Whether a frame of that length (without check sequence) and EtherType can go to a guest: it has a header, fits an MTU of
    /// 1500, and is not tagged, since the guest's vif is not.
    @_noLocks
    static func carries(length: Int, etherType: UInt16) -> Bool {
        length >= 14 && length <= 1514 && !EtherType(rawValue: etherType).isVLANTag
    }

    /// Reads the file from end to end.
    init(path: String) throws(CommandFailure) {
        var isFolder = ObjCBool(false)
        if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw CommandFailure("can't read capture \(path): it is a folder")
        }
        guard unsafe access(path, R_OK) == 0 else {
            throw CommandFailure("can't read capture \(path): \(unsafe String(cString: strerror(errno)))")
        }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw CommandFailure("can't read capture \(path): \(error.localizedDescription)")
        }
        try self.init(path: path, bytes: data)
    }

    init(path: String, bytes: Data) throws(CommandFailure) {
        self.path = path
        let reader = CaptureReader(bytes: bytes)
        guard let magic = reader.u32(at: 0) else { throw Self.refusal(path, "it is shorter than a header") }
        do throws(CaptureReader.Damage) {
            switch magic {
            case 0xA1B2_C3D4, 0xA1B2_3C4D: frames = try reader.pcapFrames()
            case 0xD4C3_B2A1, 0x4D3C_B2A1: frames = try reader.swapped.pcapFrames()
            case 0x0A0D_0D0A: frames = try reader.pcapngFrames()
            default: throw CaptureReader.Damage(what: "it is neither pcap nor pcapng")
            }
        } catch {
            throw Self.refusal(path, error.what)
        }
        guard frames > 0 else { throw Self.refusal(path, "it holds no untagged Ethernet frame of 14 to 1514 bytes") }
    }

    private static func refusal(_ path: String, _ reason: String) -> CommandFailure {
        CommandFailure("can't replay \(path): \(reason)")
    }
}
