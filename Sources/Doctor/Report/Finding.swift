// SPDX-License-Identifier: BSD-3-Clause

/// How much a finding matters.
public enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    /// As it should be.
    case fine
    /// Worth knowing; nothing needs to be done.
    case note
    /// It works, but worse than it could.
    case warning
    /// It won't work like this.
    case error

    public static func < (one: Severity, other: Severity) -> Bool { one.rank < other.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The exit code of `viaduct doctor` when nothing is worse. 1 and 2 mean that it could not look.
    public var exitCode: Int32 {
        switch self {
        case .fine, .note: 0
        case .warning: 3
        case .error: 4
        }
    }
}

/// One thing that the doctor looked at.
public struct Finding: Sendable, Codable, Equatable {
    /// Which of them; stable.
    public enum Check: String, Sendable, Codable, CaseIterable {
        case dpdk, processor, hugepages, iommu, cpus, placement, clock, uplink, binding, steering, link, memlock, sockets
    }

    public var check: Check
    public var severity: Severity
    /// What it is about, such as a PCI address, a node or a path; nil: the host.
    public var subject: String?
    /// What was found and what it means, in a sentence or two.
    public var text: String
    /// Where that is written on the host, and what is written there.
    public var evidence: String
    /// A command that mends it, for root's shell; nil where no command can, or nothing is to be mended.
    public var remedy: String?

    init(
        _ check: Check, _ severity: Severity, about subject: String? = nil, _ text: String, evidence: String,
        remedy: String? = nil
    ) {
        self.check = check
        self.severity = severity
        self.subject = subject
        self.text = text
        self.evidence = evidence
        self.remedy = remedy
    }
}
