// SPDX-License-Identifier: MIT
// What a link of each kind can do, by the library's table and by the kernel's answers.
#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "bpflink/info.hpp"
#include "bpflink/link.hpp"
#include "bpflink/link_traits.hpp"
#include "helpers.hpp"
#include "raw_kinds.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/raw_bpf.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

bool is_one_of(int error, const std::vector<int>& errors) {
  return std::find(errors.begin(), errors.end(), error) != errors.end();
}

// With the raw commands, and then through a handle.
void check_capabilities(const raw_kind& kind, const raw_kind_link& made) {
  const int link = made.link.get();
  const auto able = capabilities_of(kind.type);
  REQUIRE(test::info_of_link(link).type() == kind.number);

  const int updated = test::link_update(link, made.another.get());
  const bool updates = able.update || able.update_map;
  CHECK((updated == 0) == updates);
  if (!updates) CHECK(is_one_of(updated, {EINVAL, EOPNOTSUPP}));
  const auto run = test::iter_create(link);
  CHECK(static_cast<bool>(run) == able.iterate);
  if (!able.iterate) CHECK(run.error() == EINVAL);

  auto adopted = link_handle::adopt(unique_fd::adopt(::fcntl(link, F_DUPFD_CLOEXEC, 3)));
  REQUIRE(sentence(adopted) == "");
  CHECK(adopted->type() == kind.type);
  CHECK(adopted->can_update() == able.update);
  CHECK(adopted->can_update_map() == able.update_map);
  CHECK(adopted->can_detach() == able.detach);
  CHECK(adopted->can_pin());
  const auto info = adopted->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == kind.type);
  CHECK(info->id.value() == test::info_of_link(link).id());
  const auto again = adopted->update(borrow(made.another));
  CHECK(again.has_value() == able.update);
  if (!able.update) CHECK(again.error().cause() == cause::no_such_operation);
  // Not the map that it has by now: Linux takes that, and TCP's list of congestion controls is broken then.
  const auto map = adopted->update(map_ref{fd_ref{able.update_map ? made.kept.front().get() : made.another.get()}});
  CHECK(map.has_value() == able.update_map);
  if (!able.update_map) CHECK(map.error().cause() == cause::no_such_operation);
  // The links that can be polled say so by nothing, and the others by being ready.
  pollfd polled{.fd = link, .events = POLLIN, .revents = 0};
  CHECK(::poll(&polled, 1, 0) == (able.poll && test::at_least(6, 11) ? 0 : 1));

  if (!test::at_least(5, 9) || (able.poll && !test::at_least(6, 11))) return;
  const int detached = test::link_detach(link);
  CHECK((detached == 0) == able.detach);
  if (!able.detach) CHECK(detached == EOPNOTSUPP);
  CHECK(adopted->detach().has_value() == able.detach);
}

}  // namespace

TEST_CASE("capabilities: the table says of each kind what the kernel does", "[contract]") {
  SKIP_IF(test::needs_cgroup2());
  for (const auto& kind : raw_kinds()) {
    INFO(std::string{to_string(kind.type)});
    if (!test::at_least(kind.since.release, kind.since.minor)) continue;
    const auto made = kind.make();
    INFO("errno " << made.link.error());
    if (is_one_of(made.link.error(), kind.unavailable)) continue;
    CHECK(made.link.error() == 0);
    if (made.link) check_capabilities(kind, made);
  }
}

TEST_CASE("capabilities: every kind has a row, and what the kernel's own types list beyond is told", "[contract]") {
  SKIP_IF(test::needs_kernel(5, 8, "enum bpf_link_type in its BTF"));
  SKIP_IF(test::needs_vmlinux_btf());
  std::vector<std::uint32_t> rows;
  for (const auto& kind : raw_kinds()) rows.push_back(kind.number);
  std::sort(rows.begin(), rows.end());
  CHECK(rows.front() == 1);
  CHECK(rows.back() == rows.size());
  // The first stands for none, the last for how many there are.
  for (const auto& kind : test::vmlinux_btf::get().enumerators("bpf_link_type")) {
    const auto number = static_cast<std::uint32_t>(kind.value);
    if (number == 0 || std::string_view{kind.name}.find("MAX_BPF_LINK_TYPE") != std::string_view::npos) continue;
    if (number > rows.back()) WARN("no row for " << kind.name);
  }
}

}  // namespace bpflink
