// SPDX-License-Identifier: BSD-3-Clause
import AcceleratedBackend
import Netback
import Wire

extension VifSettings {
    /// A vif with what it was read from, for problems that show only beside others.
    struct Read {
        /// With something in place of what is missing.
        let settings: VifSettings
        let reader: SectionReader<VifKey>
        /// Of the keys that a vif can't be without, those that could be read.
        let known: Set<VifKey>

    }

    static let required: [VifKey] = [.name, .mac, .kind, .socket]

    /// Reads the keys of one vif, as a request has them.
    ///
    /// - Throws: everything that is wrong with them.
    public init(_ tree: ConfigurationTree) throws(ConfigurationError) {
        let list = ProblemList()
        let read = Self.read(SectionReader<VifKey>(tree, line: nil, path: "", list))
        guard list.problems.isEmpty else { throw ConfigurationError(file: nil, list.problems) }
        self = read.settings
    }

    static func readAll(_ top: SectionReader<FileKey>) -> [Read] {
        guard let items = top.items(.vifs) else { return [] }
        return items.map { item in
            read(SectionReader<VifKey>(item.tree, line: item.tree.line, path: item.path, top.list))
        }
    }

    /// Every problem is in the reader's list.
    static func read(_ reader: SectionReader<VifKey>) -> Read {
        for key in required where !reader.has(key) { reader.complain(key, "is missing: give it") }
        let name = reader.value(.name, "a name of 1 to 31 letters, digits, - and _") { text in
            text.wholeMatch(of: /[A-Za-z0-9_\-]{1,31}/) == nil ? nil : text
        }
        let mac = reader.value(.mac, "the address of one station such as 02:00:00:00:00:10") { text in
            MACAddress(text).flatMap { $0.isValidUnicast ? $0 : nil }
        }
        let kind = reader.word(.kind, Kind.self)
        let socket = reader.socketPath(.socket)
        // What is read below has defaults: it is looked at even when one of those is missing.
        var settings = VifSettings(
            name: name ?? "?", mac: mac ?? MACAddress(rawValue: 0x0200_0000_0000), kind: kind ?? .vm, socketPath: socket ?? "/?")
        settings.readSocket(reader)
        settings.readLink(reader)
        settings.readPolicy(reader)
        settings.readQuotas(reader)
        settings.check(reader, isKindKnown: kind != nil)
        var known: Set<VifKey> = []
        if name != nil { known.insert(.name) }
        if mac != nil { known.insert(.mac) }
        if kind != nil { known.insert(.kind) }
        if socket != nil { known.insert(.socket) }
        return Read(settings: settings, reader: reader, known: known)
    }

    private mutating func readSocket(_ reader: SectionReader<VifKey>) {
        socketMode = reader.word(.socketMode, SocketMode.self) ?? .server
        access = SocketAccess(
            mode: reader.fileMode(.socketPermissions), owner: reader.user(.socketOwner), group: reader.group(.socketGroup))
        answerLimitMilliseconds = reader.integer(.answerLimit, 100...3_600_000, unit: "milliseconds") ?? 5000
    }

    private mutating func readLink(_ reader: SectionReader<VifKey>) {
        vlan = reader.integer(.vlan, 1...4094)
        queuePairs = reader.integer(.queuePairs, 1...8) ?? 1
        mtu = reader.integer(.mtu, 68...9000, unit: "bytes") ?? 1500
        isTrusted = reader.flag(.trusted) ?? false
        accelerate = reader.flag(.accelerate) ?? acceleratesByDefault
        addresses = reader.values(.addresses, "an IP address that a guest can have", Self.address) ?? []
    }

    private mutating func readPolicy(_ reader: SectionReader<VifKey>) {
        spoofGuard = reader.flag(.spoofGuard) ?? true
        addressGuard = reader.flag(.addressGuard) ?? false
        ingress = Self.rate(reader, .ingress, mtu: mtu)
        egress = Self.rate(reader, .egress, mtu: mtu)
        stormLimit = reader.integer(.stormLimit, 1...10_000_000, unit: "frames a second")
        learnedAddresses = reader.integer(.learnedAddresses, 0...1 << 20, unit: "addresses")
    }

    private mutating func readQuotas(_ reader: SectionReader<VifKey>) {
        guard let quotas = reader.section(.quotas, QuotaKey.self) else { return }
        self.quotas.rules = quotas.integer(.rules, 0...1_000_000) ?? self.quotas.rules
        self.quotas.stash = quotas.integer(.stash, 1...65536, unit: "frames") ?? self.quotas.stash
    }

    /// Bytes a second that a meter can count (2^37 is 1.1 Tbit).
    private static let maximumRate: UInt64 = 1 << 37
    private static let maximumGuardedAddresses = 64

    private static func address(_ text: String) -> IPAddress? {
        if let address = IPv4Address(text) { return address.isValidUnicast ? IPAddress(address) : nil }
        return IPv6Address(text).flatMap { $0.isValidUnicast ? IPAddress($0) : nil }
    }

    private static func rate(_ reader: SectionReader<VifKey>, _ key: VifKey, mtu: Int) -> RateLimit? {
        guard let limit = reader.section(key, RateKey.self) else { return nil }
        if !limit.has(.rate) { limit.complain(.rate, "is missing: give \(QuantityText.rateForms)") }
        let rate = limit.value(.rate, "\(QuantityText.rateForms), up to 1Tbit") { text in
            QuantityText.bytesPerSecond(text).flatMap { $0 <= maximumRate ? $0 : nil }
        }
        let burst = limit.value(.burst, "\(QuantityText.sizeForms), below 4096MiB") { text in
            QuantityText.bytes(text).flatMap { $0 <= UInt64(UInt32.max) ? $0 : nil }
        }
        // A bucket that is smaller than a frame never lets it go.
        let frame = UInt64(max(mtu, 1500) + 18)
        if let burst, burst < frame { limit.complain(.burst, "\(burst) bytes are less than a frame of \(frame): raise it") }
        return rate.map { RateLimit(bytesPerSecond: $0, burstBytes: burst ?? max($0 / 100, 131_072)) }
    }

    /// What can't be together.
    private func check(_ reader: SectionReader<VifKey>, isKindKnown: Bool) {
        if addressGuard && addresses.isEmpty {
            reader.complain(.addressGuard, "has no addresses to guard: give them by addresses")
        }
        if addressGuard && addresses.count > Self.maximumGuardedAddresses {
            let limit = Self.maximumGuardedAddresses
            reader.complain(.addressGuard, "\(addresses.count) addresses are too many: at most \(limit) are guarded")
        }
        if socketMode == .client && kind != .remote {
            for key in [VifKey.socketPermissions, .socketOwner, .socketGroup] where reader.has(key) {
                reader.complain(key, "the guest makes the socket: leave it out, or choose socket-mode server")
            }
        }
        if isKindKnown { checkKind(reader) }
    }

    private func checkKind(_ reader: SectionReader<VifKey>) {
        switch kind {
        case .attached:
            if !isTrusted {
                reader.complain(
                    .trusted, "an attached guest maps all of the daemon's memory: say trusted: true, or choose another kind")
            }
            if name.utf8.count > 12 { reader.complain(.name, "an attached vif's name has at most 12 bytes: shorten it") }
            if queuePairs != 1 { reader.complain(.queuePairs, "an attached vif has one queue pair: leave it out") }
            if socketMode == .client { reader.complain(.socketMode, "attached guests come to the daemon: leave it out") }
        case .remote:
            if accelerate && !isTrusted {
                reader.complain(
                    .trusted,
                    "netback sees nothing of what an accelerated guest sends by its VI: say trusted: true, or accelerate: false")
            }
            if queuePairs != 1 {
                reader.complain(.queuePairs, "a remote vif has one queue pair: leave it out, or choose kind vm")
            }
            if socketPath.contains(",") { reader.complain(.socket, "a comma would end a memif's path: choose another path") }
            if socketPath.utf8.count + Self.longestSuffix > 107 {
                reader.complain(
                    .socket, "its control link has \(Self.longestSuffix) bytes more, and no room: choose a shorter path")
            }
            if reader.has(.answerLimit) { reader.complain(.answerLimit, "only attached guests must answer: leave it out") }
        case .vm:
            if accelerate {
                reader.complain(
                    .accelerate,
                    "a virtual machine's own driver knows nothing of a VI: leave it out, or choose kind attached or remote")
            }
            if reader.has(.answerLimit) { reader.complain(.answerLimit, "only attached guests must answer: leave it out") }
            if reader.has(.quotas) { reader.complain(.quotas, "a vif that is not accelerated uses no rules: leave it out") }
        }
    }
}
