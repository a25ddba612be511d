// SPDX-License-Identifier: MIT
// Two tables of the kernel's: what belongs to the one does not fit the other. The second is the kernel's own for tests.
#include <cerrno>
#include <cstddef>
#include <string>
#include <vector>

#include "bpflink/attach/struct_ops.hpp"
#include "errors.hpp"
#include "struct_ops_helpers.hpp"
#include "support/congestion_control.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

constexpr const char* other_table = "bpf_dummy_ops";
constexpr const char* other_value = "bpf_struct_ops_bpf_dummy_ops";

std::string needs_both_tables() {
  if (auto reason = test::needs_struct_ops(); !reason.empty()) return reason;
  if (auto reason = test::needs_kernel(5, 16, "a second table"); !reason.empty()) return reason;
  if (test::vmlinux_btf::get().structure(other_value)) return {};
  return "this kernel was built without the table for tests (bpf_dummy_ops)";
}

map_ref of(const test::fd& map) { return fd_ref{map.get()}; }

}  // namespace

TEST_CASE("struct_ops errors: a program that was loaded for another table is told by its member", "[struct_ops]") {
  SKIP_IF(needs_both_tables());
  const error_table table;
  test::congestion_control control;
  const auto program = test::load_for_member(other_table, "test_1", test::return_value(0));
  control.set("ssthresh", static_cast<std::uint64_t>(program.get()));
  const auto map = test::congestion_control::empty_map(test::at_least(6, 4));
  const auto refused = attach(struct_ops_options{.map = of(map), .value = control.value()});
  // Before, the kernel does not tell what a program was loaded for.
  if (!test::at_least(6, 0)) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::invalid_argument);
    return;
  }
  table.row(refused, {errc::wrong_type, cause::wrong_expected_attach_type, EINVAL,
                      "attach struct_ops from map 'bpflink_test' (id N): in 'ssthresh': program 'test_1' (id N) was "
                      "loaded for bpf_dummy_ops, not for tcp_congestion_ops (BPF_MAP_UPDATE_ELEM: EINVAL)"});
}

TEST_CASE("struct_ops errors: what is no map, or can be registered with nobody, is told", "[struct_ops]") {
  SKIP_IF(needs_both_tables());
  if (lacks_struct_ops_links()) return;
  const error_table table;
  const test::congestion_control control;
  const auto map = control.filled_map();
  auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");
  const auto program = test::load({});
  table.row(link->update(of(program)),
            {errc::wrong_type, cause::not_a_map, EINVAL,
             "update struct ops link with id N: the map's descriptor is not that of a map (BPF_LINK_UPDATE: EINVAL)"});
  // The table for tests is called by them, and takes no value.
  const auto other = test::empty_table(other_value);
  const std::vector<std::byte> value(test::vmlinux_btf::get().size_of(other_value).value());
  table.row(attach(struct_ops_options{.map = of(other), .value = value}),
            {errc::not_supported, cause::unknown, EOPNOTSUPP,
             "attach struct_ops from map 'bpflink_test' (id N): the kernel does not support it (BPF_MAP_UPDATE_ELEM: "
             "EOPNOTSUPP)"});
  table.row(
      link->update(of(other)),
      {errc::invalid_argument, cause::map_not_filled, EINVAL,
       "update struct ops link with id N: the map has no value yet; give attach the value, or fill the map before "
       "(BPF_LINK_UPDATE: EINVAL)"});
  CHECK(test::choose_congestion_control(control.name()) == 0);
}

}  // namespace bpflink
