// SPDX-License-Identifier: BSD-3-Clause
internal import CDPDK

extension FlowError {
    init(code: Int32, _ error: cdpdk_flow_error) {
        var copy = error.message
        let text = unsafe withUnsafeBytes(of: &copy) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(code: code, message: text)
    }
}

private typealias Octets = (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8)

private func octets(_ mac: UInt64) -> Octets {
    func octet(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: mac >> shift) }
    return (octet(40), octet(32), octet(24), octet(16), octet(8), octet(0))
}

private func number(_ mac: Octets) -> UInt64 {
    [mac.0, mac.1, mac.2, mac.3, mac.4, mac.5].reduce(0) { $0 << 8 | UInt64($1) }
}

private typealias LongOctets = (
    UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
)

private func octets(_ address: FlowIPv6Address) -> LongOctets {
    var octets: LongOctets = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    unsafe withUnsafeMutableBytes(of: &octets) { bytes in
        unsafe bytes.storeBytes(of: address.high.bigEndian, as: UInt64.self)
        unsafe bytes.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }
    return octets
}

private func address(_ octets: LongOctets) -> FlowIPv6Address {
    var copy = octets
    return unsafe withUnsafeBytes(of: &copy) { bytes in
        unsafe FlowIPv6Address(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}

private let allOctets = octets(0xFFFF_FFFF_FFFF)
private let allLongOctets = octets(FlowIPv6Address(high: .max, low: .max))

extension FlowRule {
    /// The shim's form of the rule.
    func c() throws(FlowError) -> cdpdk_flow_rule {
        guard pattern.count <= Self.maximumLayers, actions.count <= Self.maximumLayers else {
            throw FlowError(code: 7, message: "a rule has at most \(Self.maximumLayers) items and actions")
        }
        var rule = cdpdk_flow_rule()
        rule.attr = cdpdk_flow_attr(
            group: group, priority: priority, ingress: isIngress, egress: isEgress, transfer: isTransfer)
        var items: [cdpdk_flow_item] = []
        for item in pattern { items.append(try item.c()) }
        var cActions: [cdpdk_flow_action] = []
        for action in actions { cActions.append(try action.c()) }
        rule.item_count = UInt32(items.count)
        rule.action_count = UInt32(cActions.count)
        unsafe withUnsafeMutableBytes(of: &rule.items) { bytes in
            let slots = unsafe bytes.bindMemory(to: cdpdk_flow_item.self)
            for (index, item) in items.enumerated() { unsafe slots[index] = item }
        }
        unsafe withUnsafeMutableBytes(of: &rule.actions) { bytes in
            let slots = unsafe bytes.bindMemory(to: cdpdk_flow_action.self)
            for (index, action) in cActions.enumerated() { unsafe slots[index] = action }
        }
        return rule
    }

    /// The rule that a software NIC's engine got, read back from rte_flow's structures.
    init(_ rule: cdpdk_flow_rule) {
        var copy = rule
        let items = unsafe withUnsafeBytes(of: &copy.items) { bytes in
            unsafe bytes.bindMemory(to: cdpdk_flow_item.self).prefix(Int(rule.item_count)).map(FlowItem.init)
        }
        let actions = unsafe withUnsafeBytes(of: &copy.actions) { bytes in
            unsafe bytes.bindMemory(to: cdpdk_flow_action.self).prefix(Int(rule.action_count)).map(FlowAction.init)
        }
        self.init(pattern: items, actions: actions, group: rule.attr.group, priority: rule.attr.priority)
        isIngress = rule.attr.ingress
        isEgress = rule.attr.egress
        isTransfer = rule.attr.transfer
    }
}

extension FlowItem {
    func c() throws(FlowError) -> cdpdk_flow_item {
        var item = cdpdk_flow_item()
        var matches = false
        switch self {
        case .ethernet(let destination, let source, let etherType):
            item.type = CDPDK_FLOW_ITEM_ETH.rawValue
            if let destination { (item.spec.eth_dst, item.mask.eth_dst, matches) = (octets(destination), allOctets, true) }
            if let source { (item.spec.eth_src, item.mask.eth_src, matches) = (octets(source), allOctets, true) }
            if let etherType { (item.spec.eth_type, item.mask.eth_type, matches) = (etherType, 0xFFFF, true) }
        case .vlan(let identifier):
            item.type = CDPDK_FLOW_ITEM_VLAN.rawValue
            if let identifier { (item.spec.vlan_tci, item.mask.vlan_tci, matches) = (identifier, 0x0FFF, true) }
        case .ipv4(let source, let destination, let number):
            item.type = CDPDK_FLOW_ITEM_IPV4.rawValue
            if let source { (item.spec.ipv4_src, item.mask.ipv4_src, matches) = (source, .max, true) }
            if let destination { (item.spec.ipv4_dst, item.mask.ipv4_dst, matches) = (destination, .max, true) }
            if let number { (item.spec.`protocol`, item.mask.`protocol`, matches) = (number, .max, true) }
        case .ipv6(let source, let destination, let number):
            item.type = CDPDK_FLOW_ITEM_IPV6.rawValue
            if let source { (item.spec.ipv6_src, item.mask.ipv6_src, matches) = (octets(source), allLongOctets, true) }
            if let destination {
                (item.spec.ipv6_dst, item.mask.ipv6_dst, matches) = (octets(destination), allLongOctets, true)
            }
            if let number { (item.spec.`protocol`, item.mask.`protocol`, matches) = (number, .max, true) }
        case .udp(let source, let destination), .tcp(let source, let destination):
            if case .udp = self { item.type = CDPDK_FLOW_ITEM_UDP.rawValue } else { item.type = CDPDK_FLOW_ITEM_TCP.rawValue }
            if let source { (item.spec.port_src, item.mask.port_src, matches) = (source, .max, true) }
            if let destination { (item.spec.port_dst, item.mask.port_dst, matches) = (destination, .max, true) }
        case .unsupported:
            throw FlowError(code: 22, message: "a rule item of unknown kind can't be sent to a port")
        }
        item.has_spec = matches
        item.has_mask = matches
        return item
    }

    init(_ item: cdpdk_flow_item) {
        func full<T: FixedWidthInteger>(_ value: T, _ mask: T, _ whole: T = .max) -> T?? {
            guard item.has_spec else { return .some(nil) }
            if mask == 0 { return .some(nil) }
            return mask == whole ? .some(value) : nil
        }
        func mac(_ value: Octets, _ mask: Octets) -> UInt64?? { full(number(value), number(mask), 0xFFFF_FFFF_FFFF) }
        func long(_ value: LongOctets, _ mask: LongOctets) -> FlowIPv6Address?? {
            guard item.has_spec else { return .some(nil) }
            let bits = address(mask)
            if bits == FlowIPv6Address(high: 0, low: 0) { return .some(nil) }
            return bits == FlowIPv6Address(high: .max, low: .max) ? .some(address(value)) : nil
        }
        self = .unsupported
        // A value without a mask stands for the item's default mask, which is another one for each kind.
        if item.has_last || item.has_spec != item.has_mask { return }
        switch item.type {
        case CDPDK_FLOW_ITEM_ETH.rawValue:
            guard let destination = mac(item.spec.eth_dst, item.mask.eth_dst),
                let source = mac(item.spec.eth_src, item.mask.eth_src),
                let etherType = full(item.spec.eth_type, item.mask.eth_type)
            else { return }
            self = .ethernet(destination: destination, source: source, etherType: etherType)
        case CDPDK_FLOW_ITEM_VLAN.rawValue:
            guard item.mask.eth_type == 0, let identifier = full(item.spec.vlan_tci, item.mask.vlan_tci, 0x0FFF) else { return }
            self = .vlan(identifier: identifier)
        case CDPDK_FLOW_ITEM_IPV4.rawValue:
            guard let source = full(item.spec.ipv4_src, item.mask.ipv4_src),
                let destination = full(item.spec.ipv4_dst, item.mask.ipv4_dst),
                let number = full(item.spec.`protocol`, item.mask.`protocol`)
            else { return }
            self = .ipv4(source: source, destination: destination, protocol: number)
        case CDPDK_FLOW_ITEM_IPV6.rawValue:
            guard let source = long(item.spec.ipv6_src, item.mask.ipv6_src),
                let destination = long(item.spec.ipv6_dst, item.mask.ipv6_dst),
                let number = full(item.spec.`protocol`, item.mask.`protocol`)
            else { return }
            self = .ipv6(source: source, destination: destination, protocol: number)
        case CDPDK_FLOW_ITEM_UDP.rawValue, CDPDK_FLOW_ITEM_TCP.rawValue:
            guard let source = full(item.spec.port_src, item.mask.port_src),
                let destination = full(item.spec.port_dst, item.mask.port_dst)
            else { return }
            let isUDP = item.type == CDPDK_FLOW_ITEM_UDP.rawValue
            self = isUDP ? .udp(source: source, destination: destination) : .tcp(source: source, destination: destination)
        default: return
        }
    }
}

extension FlowAction {
    func c() throws(FlowError) -> cdpdk_flow_action {
        var action = cdpdk_flow_action()
        switch self {
        case .queue(let queue):
            action.type = CDPDK_FLOW_ACTION_QUEUE.rawValue
            action.queue = queue
        case .drop: action.type = CDPDK_FLOW_ACTION_DROP.rawValue
        case .count: action.type = CDPDK_FLOW_ACTION_COUNT.rawValue
        case .rss(let queues):
            guard queues.count <= Int(CDPDK_FLOW_RSS_QUEUES) else {
                throw FlowError(code: 7, message: "an RSS action has at most \(CDPDK_FLOW_RSS_QUEUES) queues")
            }
            action.type = CDPDK_FLOW_ACTION_RSS.rawValue
            action.rss_count = UInt16(queues.count)
            unsafe withUnsafeMutableBytes(of: &action.rss_queues) { bytes in
                let slots = unsafe bytes.bindMemory(to: UInt16.self)
                for (index, queue) in queues.enumerated() { unsafe slots[index] = queue }
            }
        case .unsupported: throw FlowError(code: 22, message: "an action of unknown kind can't be sent to a port")
        }
        return action
    }

    init(_ action: cdpdk_flow_action) {
        switch action.type {
        case CDPDK_FLOW_ACTION_QUEUE.rawValue: self = .queue(action.queue)
        case CDPDK_FLOW_ACTION_DROP.rawValue: self = .drop
        case CDPDK_FLOW_ACTION_COUNT.rawValue: self = .count
        case CDPDK_FLOW_ACTION_RSS.rawValue:
            var queues = action.rss_queues
            self = unsafe withUnsafeBytes(of: &queues) { bytes in
                unsafe .rss(Array(bytes.bindMemory(to: UInt16.self).prefix(Int(action.rss_count))))
            }
        default: self = .unsupported
        }
    }
}
