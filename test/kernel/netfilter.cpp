// SPDX-License-Identifier: MIT
#include "bpflink/attach/netfilter.hpp"

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include "bpflink/info.hpp"
#include "link_checks.hpp"
#include "netfilter_helpers.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/reception.hpp"
#include "support/rtnetlink.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

constexpr std::pair<netfilter_family, test::family> families[] = {{netfilter_family::ipv4, test::family::ipv4},
                                                                  {netfilter_family::ipv6, test::family::ipv6}};

netfilter_options local_out(program_ref program, netfilter_priority priority = netfilter_priority::filter) {
  return {
      .family = netfilter_family::ipv4, .hook = netfilter_hook::local_out, .program = program, .priority = priority};
}

}  // namespace

TEST_CASE("netfilter: a program runs at each hook, for packets of its family", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    const forwarded_packets packets;
    for (const auto hook : all_netfilter_hooks) {
      for (const auto& each : families) {
        const auto family = each.first;
        const auto sent = each.second;
        INFO(to_string(family) << ' ' << to_string(hook));
        const auto program = load_netfilter();
        auto link = attach(netfilter_options{.family = family, .hook = hook, .program = borrow(program)});
        REQUIRE(sentence(link) == "");
        CHECK(link->mechanism() == mechanism::link);
        const auto runs = [&, family = sent] {
          const auto before = program.runs();
          if (hook == netfilter_hook::forward) {
            packets.pass(family);
          } else {
            CHECK(test::udp_send(family) == 0);
          }
          return program.runs() > before;
        };
        // A pair of interfaces that has just come up may lose packets.
        CHECK(test::eventually(runs));
        CHECK(sentence(link->detach()) == "");
        CHECK_FALSE(runs());
      }
    }
  });
}

TEST_CASE("netfilter: a program does not see packets of the other family", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    const auto program = load_netfilter(netfilter_drop);
    const auto link = attach(local_out(borrow(program)));
    REQUIRE(sentence(link) == "");
    CHECK(test::udp_send(test::family::ipv6) == 0);
    CHECK(program.runs() == 0);
    CHECK(test::udp_send(test::family::ipv4) == EPERM);
    CHECK(program.runs() == 1);
  });
}

TEST_CASE("netfilter: what is dropped on its way out is refused, until the link is detached or closed", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    for (const auto& [family, sent] : families) {
      INFO(to_string(family));
      const auto program = load_netfilter(netfilter_drop);
      const netfilter_options options{.family = family, .hook = netfilter_hook::local_out, .program = borrow(program)};
      REQUIRE(test::udp_send(sent) == 0);
      auto link = attach(options);
      REQUIRE(sentence(link) == "");
      CHECK(test::udp_send(sent) == EPERM);
      CHECK(sentence(link->detach()) == "");
      CHECK(test::udp_send(sent) == 0);
      CHECK(sentence(link->detach()) == "");
      // The place of a detached link is free.
      auto second = attach(options);
      REQUIRE(sentence(second) == "");
      CHECK(test::udp_send(sent) == EPERM);
      CHECK(sentence(second->close()) == "");
      CHECK(test::udp_send(sent) == 0);
      CHECK(program.runs() == 2);
    }
  });
}

TEST_CASE("netfilter: what is dropped on its way in is lost", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    for (const auto hook : {netfilter_hook::local_in, netfilter_hook::pre_routing}) {
      for (const auto& [family, sent] : families) {
        INFO(to_string(family) << ' ' << to_string(hook));
        const auto program = load_netfilter(netfilter_drop);
        REQUIRE(test::lo_passes(sent));
        {
          const auto link = attach(netfilter_options{.family = family, .hook = hook, .program = borrow(program)});
          REQUIRE(sentence(link) == "");
          CHECK(test::lo_loses(sent));
          CHECK(program.runs() == 1);
        }
        CHECK(test::lo_passes(sent));
      }
    }
  });
}

TEST_CASE("netfilter: what is dropped on its way through does not come out", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    const forwarded_packets packets;
    const auto program = load_netfilter(netfilter_drop);
    auto link = attach(netfilter_options{
        .family = netfilter_family::ipv4, .hook = netfilter_hook::forward, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    bool came_out = false;
    REQUIRE(test::eventually([&] {
      came_out = packets.pass(test::family::ipv4) || came_out;
      return program.runs() > 0;
    }));
    CHECK_FALSE(came_out);
    CHECK(sentence(link->close()) == "");
    CHECK(packets.pass(test::family::ipv4));
  });
}

TEST_CASE("netfilter: the lowest priority runs first", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    const auto counting = load_netfilter(netfilter_accept);
    const auto dropping = load_netfilter(netfilter_drop);
    const auto drop = attach(local_out(borrow(dropping)));
    REQUIRE(sentence(drop) == "");
    {
      const auto before = attach(local_out(borrow(counting), netfilter_priority::filter - 1));
      REQUIRE(sentence(before) == "");
      CHECK(test::udp_send() == EPERM);
      CHECK(counting.runs() == 1);
    }
    const auto behind = attach(local_out(borrow(counting), netfilter_priority::filter + 1));
    REQUIRE(sentence(behind) == "");
    CHECK(test::udp_send() == EPERM);
    CHECK(counting.runs() == 1);
    CHECK(dropping.runs() == 2);
  });
}

TEST_CASE("netfilter: one program follows another without a gap, by another priority", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    const auto first = load_netfilter(netfilter_drop);
    const auto second = load_netfilter(netfilter_drop);
    std::atomic<bool> stop{false};
    std::atomic<int> sent{0};
    std::atomic<int> passed{0};
    auto link = attach(local_out(borrow(first)));
    REQUIRE(sentence(link) == "");
    std::thread sender([&] {
      for (test::udp_pair pair; !stop; ++sent) {
        if (pair.send() != EPERM) ++passed;
      }
    });
    auto next = attach(local_out(borrow(second), 1));
    const auto closed = link->close();
    const auto seen = second.runs();
    const bool ran = test::eventually([&] { return second.runs() > seen; });
    stop = true;
    sender.join();
    CHECK(sentence(next) == "");
    CHECK(sentence(closed) == "");
    CHECK(ran);
    CHECK(sent > 0);
    CHECK(passed == 0);
  });
}

TEST_CASE("netfilter: a namespace is named, and the caller stays in its own", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const test::netns_fixture netns;
  const auto program = load_netfilter(netfilter_drop);
  const auto own = test::own_netns_inode();
  const auto path = netns.path();
  const unique_fd file = unique_fd::adopt(test::open_file(path, 0).release());
  for (const auto& target : {netns_target{path}, netns_target{file}}) {
    auto options = local_out(borrow(program));
    options.netns = target;
    const auto link = attach(options);
    REQUIRE(sentence(link) == "");
    CHECK(test::own_netns_inode() == own);
    netns.run([] { CHECK(test::udp_send() == EPERM); });
    test::netns_fixture().run([] { CHECK(test::udp_send() == 0); });
  }
  netns.run([] { CHECK(test::udp_send() == 0); });
}

TEST_CASE("netfilter: the namespace lives as long as the link is attached", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const auto program = load_netfilter();
  std::optional<test::netns_fixture> netns{std::in_place};
  auto options = local_out(borrow(program));
  options.netns = fd_ref{netns->get()};
  auto link = attach(options);
  REQUIRE(sentence(link) == "");
  netns.reset();
  CHECK(sentence(link->info()) == "");
  CHECK(sentence(link->detach()) == "");
  CHECK(sentence(link->close()) == "");
}

TEST_CASE("netfilter: a link tells its place, also once it is detached", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  test::netns_fixture().run([] {
    const auto program = load_netfilter();
    for (const auto hook : all_netfilter_hooks) {
      auto link = attach(netfilter_options{
          .family = netfilter_family::ipv6, .hook = hook, .program = borrow(program), .priority = -77});
      REQUIRE(sentence(link) == "");
      for (int again = 0; again < 2; ++again) {
        const auto info = link->info();
        REQUIRE(sentence(info) == "");
        CHECK(info->type == link_type::netfilter);
        CHECK(info->program == program_id{test::program_id(program.get())});
        const auto& place = std::get<netfilter_info>(info->details);
        CHECK(place.family == netfilter_family::ipv6);
        CHECK(place.hook == hook);
        CHECK(place.priority == -77);
        CHECK_FALSE(place.defragment);
        CHECK_FALSE(info->defunct());
        CHECK(sentence(link->detach()) == "");
      }
    }
  });
}

TEST_CASE("netfilter: what is pinned outlives the link and is opened as one", "[netfilter]") {
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const test::bpffs_fixture bpffs;
  test::netns_fixture().run([&] {
    const auto program = load_netfilter(netfilter_drop);
    auto link = attach(local_out(borrow(program)));
    REQUIRE(sentence(link) == "");
    check_pin_holds(*std::move(link), bpffs / "netfilter", [] { return test::udp_send() == EPERM; });
    CHECK(test::udp_send() == 0);
  });
}

TEST_CASE("netfilter: an attach is one system call and no allocation", "[netfilter]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const auto result = test::in_child([] {
    test::netns_fixture().run([] {
      const auto program = load_netfilter();
      const auto options = local_out(borrow(program));
      test::syscall_supervisor supervisor;
      expect_one_call(supervisor, options);
    });
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
