// SPDX-License-Identifier: MIT
#include "bpflink/attach/netkit.hpp"

#include <cerrno>
#include <optional>
#include <string>

#include "bpflink/info.hpp"
#include "link_checks.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

constexpr netkit_hook both[] = {netkit_hook::primary, netkit_hook::peer};

netkit_options on(const std::string& interface, const test::counted_program& program,
                  netkit_hook hook = netkit_hook::primary) {
  return {.interface = index_of(interface), .hook = hook, .program = borrow(program)};
}

bool pair_passes(netkit_hook hook) {
  return hook == netkit_hook::primary ? frame_passes("near", "far") : frame_passes("far", "near");
}

void expect_missing(const bpf_error& error) {
  CHECK(error == errc::not_supported);
  if (test::at_least(6, 7)) {
    CHECK(error.cause() == cause::missing_configuration);
    CHECK_THAT(error.message(), test::contains("built without") && test::contains("CONFIG_NETKIT"));
  } else {
    CHECK(error.cause() == cause::missing_feature);
    CHECK_THAT(error.message(), test::contains("Linux 6.7"));
  }
}

}  // namespace

TEST_CASE("netkit: where the kernel has none, that is told, and whether for its age", "[netkit]") {
  SKIP_IF(test::needs_root());
  if (has_netkit()) return;
  const auto program = load_tc();
  for (const auto hook : both) {
    const auto refused = attach(on("lo", program, hook));
    REQUIRE_FALSE(refused);
    expect_missing(refused.error());
    const auto unknown = query(netkit_query{.interface = 1, .hook = hook});
    REQUIRE_FALSE(unknown);
    expect_missing(unknown.error());
  }
}

TEST_CASE("netkit: packets of either end are dropped until the link is detached or closed", "[netkit]") {
  SKIP_IF(test::needs_root());
  if (!has_netkit()) return;
  test::netns_fixture().run([] {
    make_netkit("near", "far");
    for (const auto hook : both) {
      INFO(to_string(hook));
      const auto other = hook == netkit_hook::primary ? netkit_hook::peer : netkit_hook::primary;
      REQUIRE(test::eventually([&] { return pair_passes(hook); }));
      const auto program = load_tc(tc_drop);
      // Both by the primary's index.
      auto link = attach(on("near", program, hook));
      REQUIRE(sentence(link) == "");
      CHECK(link->mechanism() == mechanism::link);
      CHECK_FALSE(pair_passes(hook));
      CHECK(program.runs() == 1);
      CHECK(pair_passes(other));
      CHECK(program.runs() == 1);
      CHECK(sentence(link->detach()) == "");
      CHECK(pair_passes(hook));

      auto second = attach(on("near", program, hook));
      REQUIRE(sentence(second) == "");
      CHECK_FALSE(pair_passes(hook));
      CHECK(sentence(second->close()) == "");
      // Who goes through all links of the system holds ours for a moment.
      CHECK(test::eventually([&] { return pair_passes(hook); }));
    }
  });
}

TEST_CASE("netkit: update swaps the program", "[netkit]") {
  SKIP_IF(test::needs_root());
  if (!has_netkit()) return;
  test::netns_fixture().run([] {
    make_netkit("near", "far");
    for (const auto hook : both) {
      const auto pass = load_tc(tc_pass, "pass");
      const auto drop = load_tc(tc_drop, "drop");
      auto link = attach(on("near", pass, hook));
      REQUIRE(sentence(link) == "");
      CHECK(test::eventually([&] { return pair_passes(hook); }));
      CHECK(sentence(link->update(borrow(drop), borrow(pass))) == "");
      CHECK_FALSE(pair_passes(hook));
      const auto conflict = link->update(borrow(pass), borrow(pass));
      REQUIRE_FALSE(conflict);
      CHECK(conflict.error() == errc::conflict);
      CHECK_THAT(conflict.error().message(), test::contains("'drop'"));
      CHECK(sentence(link->update(borrow(pass))) == "");
      CHECK(pair_passes(hook));
    }
  });
}

TEST_CASE("netkit: a link tells the end that it is of, and once the pair is gone that it is defunct", "[netkit]") {
  SKIP_IF(test::needs_root());
  if (!has_netkit()) return;
  test::netns_fixture().run([] {
    for (const auto hook : both) {
      make_netkit("near", "far");
      const auto program = load_tc();
      auto link = attach(on("near", program, hook));
      REQUIRE(sentence(link) == "");
      const auto info = link->info();
      REQUIRE(sentence(info) == "");
      CHECK(info->type == link_type::netkit);
      const auto& details = std::get<netkit_info>(info->details);
      CHECK(details.interface == index_of(hook == netkit_hook::primary ? "near" : "far"));
      CHECK(details.hook == static_cast<attach_type>(hook));
      CHECK(info->defunct() == false);
      test::delete_interface("near");
      const auto gone = link->info();
      REQUIRE(sentence(gone) == "");
      CHECK(gone->defunct() == true);
      const auto updated = link->update(borrow(program));
      REQUIRE_FALSE(updated);
      CHECK(updated.error() == errc::defunct);
    }
  });
}

TEST_CASE("netkit: the peer's index and that of another device are told", "[netkit]") {
  SKIP_IF(test::needs_root());
  if (!has_netkit()) return;
  test::netns_fixture().run([] {
    make_netkit("near", "far");
    const auto program = load_tc();
    const auto told = [](const auto& result, int number, const std::string& words) {
      REQUIRE_FALSE(result);
      CHECK(result.error() == errc::invalid_argument);
      CHECK(result.error().cause() == cause::not_a_netkit);
      CHECK(result.error().sys_errno() == number);
      CHECK_THAT(result.error().message(), test::contains(words));
    };
    for (const auto hook : both) {
      told(attach(on("far", program, hook)), EACCES, "(far) is the peer of a netkit pair");
      told(query(netkit_query{.interface = index_of("far"), .hook = hook}), EACCES, "the peer of a netkit pair");
      told(attach(on("lo", program, hook)), ENXIO, "(lo) is no netkit device");
      told(query(netkit_query{.interface = index_of("lo"), .hook = hook}), ENXIO, "is no netkit device");
    }
    CHECK_THAT(attach(on("far", program)).error().message(), test::contains("through the primary end"));
  });
}

TEST_CASE("netkit: a pair of another network namespace", "[netkit]") {
  SKIP_IF(test::needs_root());
  if (!has_netkit()) return;
  const test::netns_fixture netns;
  std::optional<ifindex> near;
  netns.run([&near] {
    make_netkit("near", "far");
    near = index_of("near");
  });
  const auto path = netns.path();
  for (const auto hook : both) {
    for (const netns_target named : {netns_target{fd_ref{netns.get()}}, netns_target{path}}) {
      INFO(to_string(hook));
      const interface_target there{*near, named};
      const auto drop = load_tc(tc_drop);
      const auto pass = load_tc(tc_pass);
      auto link = attach(netkit_options{.interface = there, .hook = hook, .program = borrow(drop)});
      REQUIRE(sentence(link) == "");
      netns.run([hook] { CHECK_FALSE(pair_passes(hook)); });
      CHECK(drop.runs() == 1);
      const auto found = query(netkit_query{.interface = there, .hook = hook});
      REQUIRE(sentence(found) == "");
      REQUIRE(found->size() == 1);
      CHECK((*found)[0].program == program_id{test::program_id(drop.get())});
      CHECK((*found)[0].link == link->info()->id);
      CHECK(sentence(link->update(borrow(pass))) == "");
      netns.run([hook] { CHECK(pair_passes(hook)); });
      CHECK(pass.runs() == 1);
      CHECK(sentence(link->detach()) == "");
      CHECK(query(netkit_query{.interface = there, .hook = hook})->empty());
    }
  }
}

TEST_CASE("netkit: an attach is one system call", "[netkit]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (!has_netkit()) return;
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      make_netkit("near", "far");
      const auto program = load_tc();
      const auto options = on("near", program, netkit_hook::peer);
      test::syscall_supervisor supervisor;
      expect_one_call(supervisor, options);
    });
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
