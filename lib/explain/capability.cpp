// SPDX-License-Identifier: MIT
#include "explain/capability.hpp"

namespace bpflink::explain {

std::optional<diagnosis> missing_capability(std::initializer_list<kernel::capability> needed,
                                            kernel::capability instead) noexcept {
  const auto effective = kernel::effective_capabilities();
  if (!effective || effective->has(instead)) return std::nullopt;
  text missing;
  for (const auto capability : needed) {
    if (effective->has(capability)) continue;
    missing.add("{}{}", missing.empty() ? "" : " and ", kernel::to_string(capability));
  }
  if (missing.empty()) return std::nullopt;
  return diagnosis{errc::permission_denied,
                   cause::missing_capability,
                   text{"this process has not {}, nor {}", missing.view(), kernel::to_string(instead)},
                   {}};
}

}  // namespace bpflink::explain
