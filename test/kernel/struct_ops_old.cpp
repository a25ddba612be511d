// SPDX-License-Identifier: MIT
// Kernels that have struct_ops and no links for it: real ones, and this one made so.
#include <cerrno>

#include "bpflink/attach/struct_ops.hpp"
#include "child_helpers.hpp"
#include "support/catch.hpp"
#include "support/congestion_control.hpp"
#include "support/old_kernel.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

using test::congestion_control;

// What a kernel before 6.4 says to links of maps, and to maps for links.
test::verdict before_links(const test::observed_call& call) {
  constexpr std::size_t map_flags_at = 16;
  constexpr std::size_t attach_type_at = 8;
  constexpr std::uint32_t flag_link = 1U << 13U;
  const bool map = call.command() == test::command::map_create && (call.at(map_flags_at) & flag_link) != 0;
  const bool link =
      call.command() == test::command::link_create && call.at(attach_type_at) == test::attach_type::struct_ops;
  return map || link ? test::verdict::fail(EINVAL) : test::verdict::proceed();
}

}  // namespace

TEST_CASE("struct_ops: a kernel without links for it", "[struct_ops]") {
  SKIP_IF(test::needs_struct_ops());
  SKIP_IF(test::needs_supervisor());
  const auto result = test::on_old_kernel("old-struct-ops", [] {});
  CHECK(result.failure() == "");
}

TEST_CASE("struct_ops without links", "[.][old-struct-ops]") {
  const congestion_control control;
  const auto map = congestion_control::empty_map(false);
  const auto options = [&](std::span<const std::byte> value, mechanism_choice choice) {
    return struct_ops_options{.map = fd_ref{map.get()}, .value = value, .mechanism = choice};
  };
  const auto result = test::in_child([&] {
    test::syscall_supervisor supervisor;
    std::optional<expected<struct_ops_link>> filled;
    std::optional<expected<struct_ops_link>> by_link;
    std::optional<expected<struct_ops_link>> by_value;
    supervisor.with_handler(before_links, [&] {
      filled.emplace(attach(options({}, mechanism_choice::best)));
      by_link.emplace(attach(options(control.value(), mechanism_choice::link_only)));
      by_value.emplace(attach(options(control.value(), mechanism_choice::best)));
    });
    for (const auto* refused : {&*filled, &*by_link}) {
      expect(!*refused, "it was attached");
      expect(refused->error() == errc::not_supported && refused->error().cause() == cause::missing_feature,
             sentence(*refused));
      expect(sentence(*refused).find("came with Linux 6.4") != std::string::npos, sentence(*refused));
    }
    expect_equal(filled->error().sys_errno(), EINVAL);
    expect_equal(by_link->error().sys_errno(), 0);
    expect_equal(sentence(*by_value), "");
    expect((*by_value)->mechanism() == mechanism::map_update, "it is a link");
    expect_equal(test::choose_congestion_control(control.name()), 0);
    expect_equal(sentence((*by_value)->close()), "");
    expect_equal(test::choose_congestion_control(control.name()), ENOENT);
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
