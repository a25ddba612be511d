// SPDX-License-Identifier: MIT
// What tests show on a kernel that is older than what they test.
#pragma once

#include <string>

#include "helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

/// Whether this kernel is older than a feature. Then the library is shown to say of `attempt()` that the feature is
/// missing, and since when there is one; the test has nothing more to do.
template <class Attempt>
bool older_than(unsigned release, unsigned minor, const Attempt& attempt) {
  if (test::at_least(release, minor)) return false;
  const auto refused = attempt();
  INFO(sentence(refused));
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == errc::not_supported);
  CHECK(refused.error().cause() == cause::missing_feature);
  CHECK_THAT(refused.error().message(),
             test::contains("Linux " + std::to_string(release) + "." + std::to_string(minor)));
  return true;
}

}  // namespace bpflink
