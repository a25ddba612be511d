// SPDX-License-Identifier: MIT
#include "explain/feature.hpp"

namespace bpflink::explain {

std::optional<diagnosis> missing_feature(feature what) noexcept {
  if (probe(what) != availability::no) return std::nullopt;
  const auto version = since(what);
  return diagnosis{
      errc::not_supported,
      cause::missing_feature,
      text{"this kernel has no {}; Linux has since {}.{}", description(what), version.major, version.minor},
      {}};
}

}  // namespace bpflink::explain
