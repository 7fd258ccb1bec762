// SPDX-License-Identifier: BSD-3-Clause

/// Form F: netback's lane hands over what it finds for the vif's address.
struct SoftwareForm: SteeringMethod {
    let coverage = "all unicast, by the host's processor"
    func installation(for target: SteeringTarget) -> Installation { .none }
    func accepts(_ interface: VirtualInterface) -> Bool { interface.isSoftware }
}
