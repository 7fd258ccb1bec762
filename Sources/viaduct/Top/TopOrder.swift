// SPDX-License-Identifier: BSD-3-Clause
import ArgumentParser

/// What the lines of `viaduct top` are sorted by.
enum TopOrder: String, CaseIterable, Sendable, ExpressibleByArgument {
    case traffic
    case toGuest = "to-guest"
    case fromGuest = "from-guest"
    case declines, drops, path, name

    /// The key that chooses it while the view is live.
    var key: Character {
        switch self {
        case .traffic: "s"
        case .toGuest: "t"
        case .fromGuest: "f"
        case .declines: "d"
        case .drops: "x"
        case .path: "p"
        case .name: "n"
        }
    }

    /// The most first, or what shall be accelerated and is not, or by name; equal ones by name.
    func sorted(_ vifs: [TopSample.Vif], isReversed: Bool = false) -> [TopSample.Vif] {
        let sorted = vifs.sorted { one, other in
            let (first, second) = (weight(one), weight(other))
            return first == second ? one.name < other.name : first > second
        }
        return isReversed ? sorted.reversed() : sorted
    }

    private func weight(_ vif: TopSample.Vif) -> Double {
        func frames(_ rate: TopSample.Rate?) -> Double { rate?.framesPerSecond ?? 0 }
        return switch self {
        case .traffic: frames(vif.toGuest) + frames(vif.fromGuest)
        case .toGuest: frames(vif.toGuest)
        case .fromGuest: frames(vif.fromGuest)
        case .declines: vif.declinesPerSecond ?? 0
        case .drops: vif.dropsPerSecond ?? 0
        case .path: vif.path == "fast" ? 0 : vif.isWanted ? 2 : 1
        case .name: 0
        }
    }
}
