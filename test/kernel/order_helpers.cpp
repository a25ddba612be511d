// SPDX-License-Identifier: MIT
#include "order_helpers.hpp"

#include <cerrno>

#include "support/instructions.hpp"
#include "support/traffic.hpp"

namespace bpflink {

// Asked of the kernel by a target that cannot be: one that knows the flag complains of the target.
bool has_cgroup_order() {
  constexpr std::uint32_t flag_before = 8;
  if (test::at_least(6, 17)) return true;
  if (!test::at_least(5, 7)) return false;
  const auto program = load_egress();
  const auto link = test::link_create(program.get(), -1, test::attach_type::cgroup_inet_egress, flag_before);
  return link.error() == EBADF;
}

bool has_cgroup_preorder() {
  constexpr std::uint32_t flag_preorder = 64;
  if (test::at_least(6, 15)) return true;
  const auto program = load_egress();
  return test::prog_attach({-1, program.get(), test::attach_type::cgroup_inet_egress,
                            test::flag::allow_multi | flag_preorder}) == EBADF;
}

test::fd order_record::load(std::int32_t digit, std::int32_t verdict) const {
  using namespace test;
  assembler code;
  code.store(width::u32, r10, -4, 0).mov(r2, r10).add(r2, -4).load_map(r1, map_.get());
  code.call(helper::map_lookup_elem).jump_if(jump::equal, r0, 0, "out").load(width::u64, r1, r0, 0);
  for (int bits = 0; bits < 4; ++bits) code.add(r1, r1);
  code.add(r1, digit).store(width::u64, r0, 0, r1).label("out").mov(r0, verdict).exit();
  return test::load({.type = prog_type::cgroup_skb,
                     .code = code.done(),
                     .expected_attach_type = test::attach_type::cgroup_inet_egress,
                     .name = "digit" + std::to_string(digit)});
}

std::int64_t order_record::of_datagram(const std::string& cgroup) const {
  const std::uint32_t key = 0;
  const std::uint64_t none = 0;
  CHECK(test::map_update(map_.get(), &key, &none) == 0);
  test::cgroup_fixture::enter(cgroup, [] { static_cast<void>(test::udp_send()); });
  return static_cast<std::int64_t>(test::counter(map_.get()));
}

expected<cgroup_link> attach_egress(cgroup_target cgroup, const test::fd& program, std::optional<position> where,
                                    std::optional<revision> expected, bool preorder) {
  return attach(cgroup_options{.cgroup = cgroup,
                               .hook = cgroup_hook::inet_egress,
                               .program = borrow(program),
                               .position = where,
                               .expected_revision = expected,
                               .preorder = preorder});
}

expected<attached_programs> ask_egress(cgroup_target cgroup, attached_view view) {
  return query(cgroup_query{.cgroup = cgroup, .hook = cgroup_hook::inet_egress, .view = view});
}

std::vector<std::uint32_t> ids_of(std::initializer_list<const test::fd*> programs) {
  std::vector<std::uint32_t> ids;
  for (const auto* const program : programs) ids.push_back(test::program_id(program->get()));
  return ids;
}

std::vector<std::uint32_t> ids_in(const attached_programs& found) {
  std::vector<std::uint32_t> ids;
  for (const auto& row : found) ids.push_back(row.program.value());
  return ids;
}

}  // namespace bpflink
