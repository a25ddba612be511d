// SPDX-License-Identifier: MIT
// Why a netfilter hook refused a program: each cause made to happen.
#include <sys/stat.h>

#include <cerrno>
#include <limits>
#include <string>

#include "bpflink/features.hpp"
#include "netfilter_helpers.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/mount_namespace.hpp"
#include "support/seccomp.hpp"

namespace bpflink {

namespace {

using test::contains;

bpf_error refusal(const netfilter_options& options) {
  const auto link = attach(options);
  REQUIRE_FALSE(link);
  INFO(link.error().message());
  CHECK_FALSE(link.error().reason().empty());
  return link.error();
}

netfilter_options local_in(program_ref program) {
  return {.family = netfilter_family::ipv4, .hook = netfilter_hook::local_in, .program = program};
}

}  // namespace

TEST_CASE("netfilter: what contradicts itself is refused before any system call", "[netfilter]") {
  auto options = local_in(fd_ref{1001});
  const auto bad = [&](const std::string& words) {
    const auto error = refusal(options);
    CHECK(error == errc::invalid_argument);
    CHECK(error.cause() == cause::bad_option);
    CHECK(error.operation() == operation::none);
    CHECK(error.sys_errno() == 0);
    CHECK_THAT(error.message(), contains(words));
  };
  options.family = static_cast<netfilter_family>(3);
  bad("IPv4 and IPv6 only");
  options.family = netfilter_family::ipv6;
  options.hook = static_cast<netfilter_hook>(5);
  bad("netfilter has no such hook");
  options.hook = netfilter_hook::pre_routing;
  options.defragment = true;
  for (const auto priority : {netfilter_priority::defragment, netfilter_priority::raw_before_defragment}) {
    options.priority = priority;
    bad("fragments are put together at priority -400");
  }
  options.defragment = false;
  options.program = fd_ref{};
  const auto empty = refusal(options);
  CHECK(empty == errc::bad_handle);
  CHECK(empty.cause() == cause::empty_handle);
  CHECK(empty.operation() == operation::none);
}

TEST_CASE("netfilter: a priority is one that the kernel takes", "[netfilter]") {
  using limits = std::numeric_limits<std::int32_t>;
  CHECK_FALSE(netfilter_priority::from(limits::min()));
  CHECK_FALSE(netfilter_priority::from(limits::max()));
  CHECK_FALSE(netfilter_priority::from(1LL << 40));
  CHECK(netfilter_priority::from(-450) == netfilter_priority::raw_before_defragment);
  CHECK((netfilter_priority::filter - 1).value() == -1);
  CHECK((netfilter_priority::nat_source + 5).value() == 105);
  CHECK(netfilter_priority::raw < netfilter_priority::mangle);

  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const test::netns_fixture netns;
  const auto program = load_netfilter();
  for (const long long number : {limits::min() + 1LL, limits::max() - 1LL}) {
    auto options = local_in(borrow(program));
    options.priority = *netfilter_priority::from(number);
    options.netns = fd_ref{netns.get()};
    CHECK(sentence(attach(options)) == "");
  }
}

TEST_CASE("netfilter: a program that is none of netfilter is told", "[netfilter]") {
  SKIP_IF(test::needs_root());
  const auto filter = test::load({.type = test::prog_type::socket_filter, .name = "filter"});
  const auto wrong = refusal(local_in(borrow(filter)));
  if (test::at_least(6, 4)) {
    CHECK(wrong == errc::wrong_type);
    CHECK(wrong.cause() == cause::wrong_program_type);
    CHECK_THAT(wrong.message(), contains("'filter'") && contains("socket_filter, this hook takes netfilter"));
  } else {
    CHECK(wrong == errc::not_supported);
    CHECK(wrong.cause() == cause::missing_feature);
    CHECK_THAT(wrong.message(), contains("links to netfilter hooks, which came with Linux 6.4"));
  }
  CHECK(refusal(local_in(fd_ref{9999})) == errc::bad_handle);
  const auto null = test::open_file("/dev/null", 0);
  CHECK(refusal(local_in(borrow(null))).cause() == cause::not_a_program);
  const auto map = test::counter_map();
  CHECK(refusal(local_in(borrow(map))).cause() == cause::not_a_program);
}

TEST_CASE("netfilter: a priority that is taken is told, with what is known of the link", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const test::netns_fixture netns;
  const auto holder = load_netfilter(netfilter_accept, "holder");
  const auto late = load_netfilter();
  auto options = local_in(borrow(holder));
  options.netns = fd_ref{netns.get()};
  // One that nobody else takes meanwhile.
  options.priority = *netfilter_priority::from(1'000'000 + static_cast<long long>(netns.inode() % 1'000'000'000));
  const auto link = attach(options);
  REQUIRE(sentence(link) == "");
  options.program = borrow(late);
  const auto taken = refusal(options);
  CHECK(taken == errc::busy);
  CHECK(taken.cause() == cause::slot_taken);
  CHECK(taken.sys_errno() == EBUSY);
  CHECK_THAT(taken.message(), contains("the link with id " + std::to_string(link->info()->id.value()) + " is made"));
  CHECK_THAT(taken.message(), contains("'holder'") && contains("in a network namespace that the kernel does not tell"));

  // In another namespace the place is free, and then two links are made for it.
  const test::netns_fixture elsewhere;
  options.netns = fd_ref{elsewhere.get()};
  const auto other = attach(options);
  REQUIRE(sentence(other) == "");
  CHECK_THAT(refusal(options).message(), contains("2 links are made for it"));
  // Beside it there is room.
  options.priority = *netfilter_priority::from(options.priority.value() + 1);
  CHECK(sentence(attach(options)) == "");
}

// The kernel's own hooks, which put fragments together, are no links.
TEST_CASE("netfilter: a priority that something other than a link has is told as such", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_defragmentation()) return;
  const auto program = load_netfilter();
  for (const auto family : {netfilter_family::ipv4, netfilter_family::ipv6}) {
    for (const auto hook : {netfilter_hook::pre_routing, netfilter_hook::local_out}) {
      INFO(to_string(family) << " at " << to_string(hook));
      const test::netns_fixture netns;
      netfilter_options options{
          .netns = fd_ref{netns.get()}, .family = family, .hook = hook, .program = borrow(program), .defragment = true};
      auto defragmenting = attach(options);
      REQUIRE(sentence(defragmenting) == "");
      options.defragment = false;
      options.priority = netfilter_priority::defragment;
      const auto taken = refusal(options);
      CHECK(taken == errc::busy);
      CHECK(taken.cause() == cause::slot_taken);
      CHECK(taken.sys_errno() == EBUSY);
      CHECK_THAT(taken.message(), contains("taken at this hook; no link that can be opened is made for it"));
      CHECK(sentence(defragmenting->detach()) == "");
      CHECK(sentence(attach(options)) == "");
    }
  }
}

TEST_CASE("netfilter: a namespace that cannot be entered is told", "[netfilter]") {
  SKIP_IF(test::needs_root());
  auto options = local_in(fd_ref{1001});
  options.netns = "/nowhere";
  CHECK(refusal(options).cause() == cause::no_such_path);
  options.netns = process_id{0x7ffffff0};
  CHECK(refusal(options).cause() == cause::no_such_process);
  options.netns = "/proc/self/ns/uts";
  CHECK(refusal(options).cause() == cause::not_a_network_namespace);
  options.netns = fd_ref{};
  CHECK(refusal(options).cause() == cause::empty_handle);
}

// What the types leave no room for, and what a kernel says that was built without a part: answered in its place.
TEST_CASE("netfilter: each errno reads as what it is", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  SKIP_IF(test::needs_seccomp());
  const auto program = load_netfilter();
  struct row {
    int error;
    bool defragment;
    errc code;
    bpflink::cause why;
    const char* words;
  };
  const row rows[] = {
      {EPROTO, false, errc::invalid_argument, cause::bad_option, "no such hook"},
      {EAFNOSUPPORT, false, errc::invalid_argument, cause::bad_option, "IPv4 and IPv6 only"},
      {EAFNOSUPPORT, true, errc::not_supported, cause::missing_configuration,
       "without putting ipv4 fragments together"},
      {ERANGE, false, errc::invalid_argument, cause::bad_option, "the first and the last priority"},
      {EOPNOTSUPP, false, errc::not_supported, cause::unknown, "does not support it"},
      {ENOMEM, false, errc::system, cause::no_memory, "out of memory"},
      {EPERM, false, errc::permission_denied, cause::unknown, "does not permit it"},
  };
  for (const auto& row : rows) {
    INFO(row.error << (row.defragment ? " with defragmentation" : ""));
    // The features are known before: asked now they would be refused, too.
    static_cast<void>(probe(feature::netfilter_links));
    static_cast<void>(probe(feature::netfilter_defragment));
    CHECK(test::in_child([&] {
            auto options = local_in(borrow(program));
            options.defragment = row.defragment;
            test::refuse_bpf({test::command::link_create}, row.error);
            const auto link = attach(options);
            test::expect(!link.has_value(), "attached");
            const auto& error = link.error();
            test::expect_equal(std::string{to_string(error.code())}, std::string{to_string(row.code)});
            test::expect_equal(std::string{to_string(error.cause())}, std::string{to_string(row.why)});
            test::expect_equal(error.sys_errno(), row.error);
            test::expect(error.message().find(row.words) != std::string::npos, error.message());
          }).failure() == "");
  }
}

// The kernel looked for the module that puts fragments together in vain: answered in its place, where it shows that the
// module is not there, and where it shows that it is.
TEST_CASE("netfilter: a module that is missing is told", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_defragmentation()) return;
  SKIP_IF(test::needs_seccomp());
  const auto program = load_netfilter();
  static_cast<void>(probe(feature::netfilter_links));
  static_cast<void>(probe(feature::netfilter_defragment));
  for (const auto family : {netfilter_family::ipv4, netfilter_family::ipv6}) {
    const std::string module = family == netfilter_family::ipv4 ? "nf_defrag_ipv4" : "nf_defrag_ipv6";
    for (const int error : {ENOENT, EINVAL}) {
      INFO(module << ", errno " << error);
      CHECK(test::in_mount_namespace([&] {
              auto options = local_in(borrow(program));
              options.family = family;
              options.defragment = true;
              test::hide("/sys/module");
              test::refuse_bpf({test::command::link_create}, error);
              const auto missing = attach(options);
              test::expect(!missing.has_value(), "attached");
              const auto told = missing.error().message();
              test::expect(missing.error() == errc::not_supported, told);
              test::expect(missing.error().cause() == cause::missing_configuration, told);
              test::expect(told.find("could not load its module " + module + ",") != std::string::npos, told);
              test::expect(told.find("modprobe " + module) != std::string::npos, told);

              test::expect_equal(::mkdir(("/sys/module/" + module).c_str(), 0700), 0, "showing the module");
              const auto there = attach(options);
              test::expect(!there.has_value(), "attached");
              test::expect(there.error().cause() != cause::missing_configuration, there.error().message());
            }).failure() == "");
    }
  }
}

}  // namespace bpflink
