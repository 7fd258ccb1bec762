// SPDX-License-Identifier: BSD-3-Clause

/// The forms of steering to try on one port, the best first, and what the port said to each.
///
/// A driver's name decides which forms are asked for at all: some drivers take a rule and reprogram the whole port. What remains
/// counts only once the port has created a rule of that form; `rte_flow_validate` is not asked.
struct Ladder: Sendable {
    /// A form that was refused, in the driver's own words.
    struct Refusal: Sendable, Equatable {
        let form: SteeringForm
        let words: String
    }

    let forms: [SteeringForm]
    /// Forms that the port refused when it was asked, or that it has no VI for.
    private(set) var refusals: [Refusal] = []

    init(driver: String, allowed: Set<SteeringForm>) {
        forms = Self.forms(of: driver).filter(allowed.contains)
    }

    /// What is known of drivers. From the sources of DPDK 22.11.11 and 24.11.6, `drivers/net`.
    static func forms(of driver: String) -> [SteeringForm] {
        switch driver {
        // sfc_flow.c, sfc_flow_parse_eth and _vlan: destination MAC with a full mask, VLAN identifier with mask 0x0FFF.
        case "net_sfc_efx": [.destinationMAC, .software]
        // doc/guides/nics/mlx5.rst: any ETH and VLAN fields. The driver's name is its bus's: PCI, or auxiliary for sub-functions.
        case "mlx5_pci", "mlx5_auxiliary": [.destinationMAC, .software]
        // bnxt_flow.c: full masks only; refuses queue 0, which is never granted.
        case "net_bnxt": [.destinationMAC, .software]
        // A NIC in software may stand behind it; a bare ring port answers ENOSYS, and software steering follows.
        case "net_ring": [.destinationMAC, .software]
        // ixgbe_flow.c ("mac compare is unsupported"), igb_flow.c, i40e_flow.c: no rule of destination MAC alone.
        // tap_flow.c: could, but unsteered frames are hashed over all queues, so a granted one gets other guests' frames.
        // Virtual drivers (null, af_packet, af_xdp, memif, vhost, virtio, pcap) have no flow calls.
        default: [.software]
        }
    }

    mutating func forget() { refusals = [] }

    mutating func refuse(_ form: SteeringForm, _ words: String) {
        if refusals.contains(where: { $0.form == form }) { return }
        refusals.append(Refusal(form: form, words: words))
    }

    /// The best form that neither the port nor, for this vif, an earlier try has refused.
    func best(without tried: [Refusal]) -> SteeringForm? {
        forms.first { form in !refusals.contains { $0.form == form } && !tried.contains { $0.form == form } }
    }

    /// What was tried for a vif before `next`, for status; nil when nothing was refused.
    func account(of tried: [Refusal], next: SteeringForm?) -> String? {
        let all = forms.prefix { $0 != next }.compactMap { form in
            (refusals + tried).first { $0.form == form }
        }
        guard !all.isEmpty else { return nil }
        var text = all.map { "\($0.form.rawValue): \($0.words)" }.joined(separator: "; ")
        if let next { text += "; form \(next.rawValue) instead" }
        return text
    }
}
