// SPDX-License-Identifier: BSD-3-Clause

/// The forms of steering to try on one port, the best first, and what the port said to each.
///
/// What is known of the driver (``DriverFacts``) counts only once the port has done it; `rte_flow_validate` is not asked, which some
/// drivers answer with yes and a side effect. Where the first rule decides what every later one may match (i40e's fields for each kind
/// of packet, ixgbe's flow director), all rules of a ladder's forms match the same.
struct Ladder: Sendable {
    /// A form that was refused, in the driver's own words.
    struct Refusal: Sendable, Equatable {
        let form: SteeringForm
        let words: String
        /// The vif's own quota is too small for it.
        var isQuota = false
    }

    let forms: [SteeringForm]
    /// Forms that the port refused when it was asked, or that it has no VI for.
    private(set) var refusals: [Refusal] = []

    init(driver: String, device: UInt16? = nil, allowed: Set<SteeringForm>) {
        forms = DriverFacts.forms(driver: driver, device: device).filter(allowed.contains)
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

    /// What was refused to a vif, of the forms above `form`, the best first; of all forms when it is nil.
    func refused(above form: SteeringForm?, for tried: [Refusal]) -> [Refusal] {
        forms.prefix { $0 != form }.compactMap { form in (refusals + tried).first { $0.form == form } }
    }

    /// What was tried for a vif before `next`, for status; nil when nothing was refused.
    func account(of tried: [Refusal], next: SteeringForm?) -> String? {
        let all = refused(above: next, for: tried)
        guard !all.isEmpty else { return nil }
        var text = all.map { "\($0.form.rawValue): \($0.words)" }.joined(separator: "; ")
        if let next { text += "; form \(next.rawValue) instead" }
        return text
    }
}
