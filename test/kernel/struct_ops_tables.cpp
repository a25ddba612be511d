// SPDX-License-Identifier: MIT
// Two tables of the kernel's: what belongs to the one does not fit the other. The second is the kernel's own for tests.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bpflink/attach/struct_ops.hpp"
#include "bpflink/info.hpp"
#include "child_helpers.hpp"
#include "errors.hpp"
#include "struct_ops_helpers.hpp"
#include "support/congestion_control.hpp"
#include "support/syscall_supervisor.hpp"
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

bool asks_about(const test::observed_call& call, const test::fd& map) {
  return call.command() == test::command::obj_get_info_by_fd && call.at<int>(0) == map.get();
}

// What the kernel says of a struct_ops map, but for the type of its value.
test::verdict answer_with_type(const test::observed_call& call, std::uint32_t type) {
  constexpr std::uint64_t value_type_at = 44;  // bpf_map_info.btf_vmlinux_value_type_id
  if (::syscall(SYS_bpf, call.arguments[0], call.arguments[1], call.arguments[2]) != 0) {
    return test::verdict::fail(errno);
  }
  const auto info = call.at<std::uint64_t>(8) + value_type_at;
  std::memcpy(reinterpret_cast<void*>(static_cast<std::uintptr_t>(info)), &type, sizeof type);
  return test::verdict::give(0);
}

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

// No kernel has two tables that take values from everyone: that the next map is of another one is answered in the
// kernel's place, and so is each update, of which none reaches it.
TEST_CASE("struct_ops errors: what cannot be swapped is told", "[struct_ops]") {
  SKIP_IF(needs_both_tables());
  SKIP_IF(test::needs_supervisor());
  if (lacks_struct_ops_links()) return;
  const test::congestion_control control;
  const test::congestion_control twin{control.name()};
  const auto map = control.filled_map();
  const auto next = twin.filled_map();
  auto link = attach(struct_ops_options{.map = of(map)});
  REQUIRE(sentence(link) == "");
  CHECK(test::in_child([&] {
          const auto other = test::vmlinux_btf::get().structure(other_value).value();
          test::syscall_supervisor supervisor({SYS_bpf});
          const auto refused = [&](int error, bool of_another_table) {
            std::optional<expected<void>> updated;
            supervisor.with_handler(
                [&](const test::observed_call& call) {
                  if (call.command() == test::command::link_update) return test::verdict::fail(error);
                  return of_another_table && asks_about(call, next) ? answer_with_type(call, other)
                                                                    : test::verdict::proceed();
                },
                [&] { updated.emplace(link->update(of(next))); });
            const auto told = failure_of(*updated);
            expect_equal(told.sys_errno(), error);
            return told;
          };
          const auto foreign = refused(EINVAL, true);
          expect(foreign == errc::wrong_type && foreign.cause() == cause::wrong_map_type, foreign.message());
          expect_contains(foreign.message(), "the map is a table of bpf_dummy_ops, the link's of tcp_congestion_ops");
          const auto fitting = refused(EINVAL, false);
          expect(fitting == errc::invalid_argument && fitting.cause() == cause::unknown, fitting.message());
          const auto fixed = refused(EOPNOTSUPP, false);
          expect(fixed == errc::not_supported && fixed.cause() == cause::no_such_operation, fixed.message());
          expect_contains(fixed.message(), "cannot swap tables of this kind");
        }).failure() == "");
  CHECK(std::get<struct_ops_info>(link->info()->details).map == map_id{test::map_id(map.get())});
}

}  // namespace bpflink
