// SPDX-License-Identifier: MIT
#include "bpflink/libbpf.hpp"

#include <bpf/libbpf.h>

#include <cerrno>
#include <memory>
#include <string>

#include "bench/object_image.hpp"
#include "bpflink/attach/cgroup.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/struct_ops.hpp"
#include "bpflink/attach/tracepoint.hpp"
#include "bpflink/attach/xdp.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/fd.hpp"
#include "support/instructions.hpp"
#include "support/kernel_version.hpp"
#include "support/privileges.hpp"
#include "support/raw_bpf.hpp"
#include "support/traffic.hpp"

using namespace bpflink;

static_assert(adoptable_from_libbpf<cgroup_link> && adoptable_from_libbpf<xdp_link>);
static_assert(adoptable_from_libbpf<raw_tracepoint_link>);
static_assert(!adoptable_from_libbpf<perf_event_link> && !adoptable_from_libbpf<link_handle>);
static_assert(!adoptable_from_libbpf<typed_link<link_type::unspecified>> && !adoptable_from_libbpf<unique_fd>);
static_assert(noexcept(borrow(static_cast<const ::bpf_program*>(nullptr))));
static_assert(noexcept(borrow(static_cast<const ::bpf_map*>(nullptr))));

namespace {

struct object_deleter {
  void operator()(::bpf_object* object) const { ::bpf_object__close(object); }
};
using object = std::unique_ptr<::bpf_object, object_deleter>;

// An object with a program that refuses whatever a cgroup sends, and one for a raw tracepoint.
object open_object() {
  ::libbpf_set_print(nullptr);
  static const std::string image = bench::object_image({
      {"cgroup_skb/egress", "refuse", test::return_value(0)},
      {"raw_tp/sys_enter", "look", test::return_value(0)},
  });
  object opened{::bpf_object__open_mem(image.data(), image.size(), nullptr)};
  if (!opened) test::throw_error(errno, "opening an object with libbpf");
  return opened;
}

// An object with a map of these constants.
object open_object_with(const std::string& constants) {
  ::libbpf_set_print(nullptr);
  const std::string image = bench::object_image({{"socket", "look", test::return_value(0)}}, constants);
  object opened{::bpf_object__open_mem(image.data(), image.size(), nullptr)};
  if (!opened) test::throw_error(errno, "opening an object with libbpf");
  return opened;
}

object load_object() {
  auto opened = open_object();
  if (::bpf_object__load(opened.get()) != 0) test::throw_error(errno, "loading an object with libbpf");
  return opened;
}

::bpf_program* program_of(const object& from, const char* name) {
  return ::bpf_object__find_program_by_name(from.get(), name);
}

int send_inside(test::cgroup_fixture& cgroup) {
  int error = 0;
  cgroup.enter([&error] { error = test::udp_send(test::family::ipv4); });
  return error;
}

}  // namespace

TEST_CASE("libbpf: a program that is not loaded borrows nothing", "[libbpf]") {
  const auto opened = open_object();
  const auto* const unloaded = program_of(opened, "refuse");
  REQUIRE(unloaded != nullptr);
  for (const auto* const program : {unloaded, static_cast<const ::bpf_program*>(nullptr)}) {
    CHECK_FALSE(borrow(program).fd());
    const auto link = attach(
        cgroup_options{.cgroup = "/sys/fs/cgroup", .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    REQUIRE_FALSE(link);
    CHECK(link.error() == errc::bad_handle);
    CHECK(link.error().operation() == operation::none);
  }
}

TEST_CASE("libbpf: a map that is not made yet borrows nothing", "[libbpf]") {
  const auto opened = open_object_with("constant");
  const auto* const unmade = ::bpf_object__next_map(opened.get(), nullptr);
  REQUIRE(unmade != nullptr);
  for (const auto* const map : {unmade, static_cast<const ::bpf_map*>(nullptr)}) {
    CHECK_FALSE(borrow(map).fd());
    const auto link = attach(struct_ops_options{.map = borrow(map)});
    REQUIRE_FALSE(link);
    CHECK(link.error() == errc::bad_handle);
    CHECK(link.error().cause() == cause::empty_handle);
    CHECK(link.error().operation() == operation::none);
  }
}

TEST_CASE("libbpf: a map that is made is borrowed, and stays libbpf's", "[libbpf]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 2, "maps of constants"));
  const std::string constants = "constant";
  const auto loaded = open_object_with(constants);
  REQUIRE(::bpf_object__load(loaded.get()) == 0);
  const auto* const made = ::bpf_object__next_map(loaded.get(), nullptr);
  REQUIRE(made != nullptr);
  CHECK(borrow(made).fd().get() == ::bpf_map__fd(made));
  const auto link = attach(struct_ops_options{.map = borrow(made)});
  REQUIRE_FALSE(link);
  CHECK(link.error() == errc::wrong_type);
  CHECK(link.error().cause() == cause::wrong_map_type);
  const std::uint32_t key = 0;
  std::string told(constants.size(), '\0');
  CHECK(test::map_lookup(borrow(made).fd().get(), &key, told.data()) == 0);
  CHECK(told == constants);
}

TEST_CASE("libbpf: loads, and bpflink attaches", "[libbpf]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  test::cgroup_fixture cgroup;
  const auto loaded = load_object();
  auto* const program = program_of(loaded, "refuse");
  {
    const auto link =
        attach(cgroup_options{.cgroup = cgroup.path(), .hook = cgroup_hook::inet_egress, .program = borrow(program)});
    REQUIRE(link.has_value());
    CHECK(send_inside(cgroup) == EPERM);
  }
  CHECK(send_inside(cgroup) == 0);
  // It is still libbpf's.
  CHECK(borrow(program).fd().get() == ::bpf_program__fd(program));
  CHECK(borrow(program).info()->name == "refuse");
}

TEST_CASE("libbpf: its link is taken over without a gap", "[libbpf]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  test::cgroup_fixture cgroup;
  const auto loaded = load_object();
  auto* theirs = ::bpf_program__attach_cgroup(program_of(loaded, "refuse"), cgroup.get());
  REQUIRE(theirs != nullptr);
  const auto id = test::info_of_link(::bpf_link__fd(theirs)).id();
  REQUIRE(send_inside(cgroup) == EPERM);

  SECTION("and ends with ours") {
    auto link = adopt<cgroup_link>(theirs);
    REQUIRE(link.has_value());
    CHECK(theirs == nullptr);
    CHECK(link->info()->id == link_id{id});
    CHECK(send_inside(cgroup) == EPERM);
    CHECK(link->close().has_value());
    CHECK(send_inside(cgroup) == 0);
    CHECK(test::link_ends(id));
  }
  SECTION("with its pin") {
    const test::bpffs_fixture bpffs;
    const auto path = bpffs / "refuse";
    REQUIRE(::bpf_link__pin(theirs, path.c_str()) == 0);
    {
      const auto link = adopt<cgroup_link>(theirs);
      REQUIRE(link.has_value());
      CHECK(theirs == nullptr);
    }
    CHECK(send_inside(cgroup) == EPERM);
    {
      const auto pinned = cgroup_link::open_pinned(path);
      REQUIRE(pinned.has_value());
      CHECK(pinned->unpin(path).has_value());
    }
    CHECK(send_inside(cgroup) == 0);
  }
  SECTION("not as another kind: then it stays what it was") {
    const auto link = adopt<xdp_link>(theirs);
    REQUIRE_FALSE(link);
    CHECK(link.error() == errc::wrong_type);
    CHECK(link.error().cause() == cause::wrong_link_type);
    REQUIRE(theirs != nullptr);
    CHECK(send_inside(cgroup) == EPERM);
    CHECK(::bpf_link__destroy(theirs) == 0);
    CHECK(send_inside(cgroup) == 0);
  }
}

TEST_CASE("libbpf: a link without a target is taken over too", "[libbpf]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "information on links"));
  const auto loaded = load_object();
  auto* theirs = ::bpf_program__attach(program_of(loaded, "look"));
  REQUIRE(theirs != nullptr);
  const auto link = adopt<raw_tracepoint_link>(theirs);
  REQUIRE(link.has_value());
  CHECK(theirs == nullptr);
  const auto info = link->info();
  REQUIRE(info.has_value());
  CHECK(std::get<raw_tracepoint_info>(info->details).name == "sys_enter");
}

TEST_CASE("libbpf: nothing can be taken over from no link", "[libbpf]") {
  ::bpf_link* none = nullptr;
  const auto link = adopt<cgroup_link>(none);
  REQUIRE_FALSE(link);
  CHECK(link.error() == errc::bad_handle);
}
