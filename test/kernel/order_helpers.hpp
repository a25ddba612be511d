// SPDX-License-Identifier: MIT
// Programs that tell in which order they ran.
#pragma once

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "bpflink/attach/cgroup.hpp"
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/raw_bpf.hpp"
#include "support/traffic.hpp"

namespace bpflink {

/// Whether cgroups have an order: since 6.17, and in stable kernels that it was carried back to. Asked of the kernel by
/// a target that cannot be: one that knows the flag complains of the target.
inline bool has_cgroup_order() {
  if (test::at_least(6, 17)) return true;
  if (!test::at_least(5, 7)) return false;
  const auto program = load_egress();
  const auto link = test::link_create(program.get(), -1, test::attach_type::cgroup_inet_egress, 8);
  return link.error() == EBADF;
}
/// The same for preorder without a link, since 6.15.
inline bool has_cgroup_preorder() {
  const auto program = load_egress();
  return test::at_least(6, 15) ||
         test::prog_attach({-1, program.get(), test::attach_type::cgroup_inet_egress, 2 | 64}) == EBADF;
}

/// Cgroup egress programs, each with a digit that it writes behind those that are there already: 0x312 says that "3"
/// ran first, then "1", then "2".
class order_record {
 public:
  [[nodiscard]] test::fd load(std::int32_t digit, std::int32_t verdict = 1) const {
    test::assembler code;
    code.store(test::width::u32, test::r10, -4, 0).mov(test::r2, test::r10).add(test::r2, -4);
    code.load_map(test::r1, map_.get())
        .call(test::helper::map_lookup_elem)
        .jump_if(test::jump::equal, test::r0, 0, "out");
    code.load(test::width::u64, test::r1, test::r0, 0);
    for (int bits = 0; bits < 4; ++bits) code.add(test::r1, test::r1);
    code.add(test::r1, digit).store(test::width::u64, test::r0, 0, test::r1);
    code.label("out").mov(test::r0, verdict).exit();
    return test::load({.type = test::prog_type::cgroup_skb,
                       .code = code.done(),
                       .expected_attach_type = test::attach_type::cgroup_inet_egress,
                       .name = "digit" + std::to_string(digit)});
  }
  /// The digits that a datagram from this cgroup has written.
  [[nodiscard]] std::int64_t of_datagram(const std::string& cgroup) const {
    const std::uint32_t key = 0;
    const std::uint64_t none = 0;
    CHECK(test::map_update(map_.get(), &key, &none) == 0);
    test::cgroup_fixture::enter(cgroup, [] { static_cast<void>(test::udp_send()); });
    return static_cast<std::int64_t>(test::counter(map_.get()));
  }

 private:
  test::fd map_ = test::counter_map();
};

inline std::vector<std::uint32_t> ids_of(std::initializer_list<const test::fd*> programs) {
  std::vector<std::uint32_t> ids;
  for (const auto* const program : programs) ids.push_back(test::program_id(program->get()));
  return ids;
}

inline std::vector<std::uint32_t> ids_in(const attached_programs& found) {
  std::vector<std::uint32_t> ids;
  for (const auto& row : found) ids.push_back(row.program.value());
  return ids;
}

/// What a kernel before 6.17 owes whoever asks for order in a cgroup.
template <class T>
void check_no_order(const expected<T>& result, const std::string& since = "6.17") {
  INFO(sentence(result));
  REQUIRE_FALSE(result);
  CHECK(result.error() == errc::not_supported);
  CHECK(result.error().cause() == cause::missing_feature);
  CHECK_THAT(result.error().message(), test::contains("came with Linux " + since));
}

}  // namespace bpflink
