// SPDX-License-Identifier: MIT
// Entries of device and CPU maps that are written anew while frames are redirected through them.
#include <atomic>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "xdp_map_helpers.hpp"

namespace bpflink {

TEST_CASE("xdp_map: each frame meets the old program or the new one", "[xdp_map]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 8, "programs in device maps"));
  const test::netns_fixture netns;
  netns.run([&] {
    test::create_veth("a", "b");
    test::create_veth("c", "d");
    for (const std::string end : {"a", "b", "c", "d"}) {
      test::write_file("/proc/sys/net/ipv6/conf/" + end + "/disable_ipv6", "1");
    }
    const auto map = entry_map(test::map_type::devmap);
    const auto one = load_entry(test::attach_type::xdp_devmap);
    const auto two = load_entry(test::attach_type::xdp_devmap);
    const auto redirect = load_redirect(map, 0);
    const auto receive = load_xdp();
    auto entry = to_interface(map, 0, "c");
    entry.program = borrow(one);
    REQUIRE(sentence(write_entry(entry)) == "");
    // Natively, so that no frame waits for another thread of the kernel.
    const auto there =
        attach(xdp_options{.interface = index_of("d"), .program = borrow(receive), .mode = xdp_mode::native});
    const auto here =
        attach(xdp_options{.interface = index_of("b"), .program = borrow(redirect), .mode = xdp_mode::native});
    REQUIRE(sentence(there) == "");
    REQUIRE(sentence(here) == "");

    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> sent{0};
    std::thread traffic([&] {
      netns.run([&] {
        while (!stop) {
          if (test::packet_send("a") == 0) ++sent;
        }
      });
    });
    std::string failed;
    for (int round = 0; failed.empty() && round < 30; ++round) {
      const auto& next = round % 2 == 0 ? two : one;
      const auto before = next.runs();
      entry.program = borrow(next);
      failed = sentence(write_entry(entry));
      if (!test::eventually([&] { return next.runs() > before; })) failed = "it does not run";
    }
    stop = true;
    traffic.join();
    CHECK(failed == "");
    // None has met neither or both.
    CHECK(test::eventually([&] { return receive.runs() == sent; }));
    CHECK(one.runs() + two.runs() == sent);
  });
}

TEST_CASE("xdp_map: each frame on its way to a CPU meets the old program or the new one", "[xdp_map]") {
  SKIP_IF(test::needs_veth());
  SKIP_IF(test::needs_kernel(5, 9, "programs in CPU maps"));
  const test::netns_fixture netns;
  netns.run([&] {
    test::create_veth("a", "b");
    for (const std::string end : {"a", "b"}) {
      test::write_file("/proc/sys/net/ipv6/conf/" + end + "/disable_ipv6", "1");
    }
    const auto map = entry_map(test::map_type::cpumap, 1);
    const auto one = load_entry(test::attach_type::xdp_cpumap);
    const auto two = load_entry(test::attach_type::xdp_cpumap);
    const auto redirect = load_redirect(map, 0);
    auto entry = to_cpu(map, 0);
    entry.program = borrow(one);
    REQUIRE(sentence(write_entry(entry)) == "");
    const auto here =
        attach(xdp_options{.interface = index_of("b"), .program = borrow(redirect), .mode = xdp_mode::native});
    REQUIRE(sentence(here) == "");

    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> sent{0};
    std::atomic<bool> lost{false};
    std::thread traffic([&] {
      netns.run([&] {
        while (!stop && !lost) {
          if (test::packet_send("a") == 0) ++sent;
          // One at a time: a queue that is full loses frames.
          lost = !test::eventually([&] { return one.runs() + two.runs() >= sent; });
        }
      });
    });
    std::string failed;
    for (int round = 0; failed.empty() && round < 30; ++round) {
      const auto& next = round % 2 == 0 ? two : one;
      const auto before = next.runs();
      entry.program = borrow(next);
      failed = sentence(write_entry(entry));
      if (!test::eventually([&] { return next.runs() > before; })) failed = "it does not run";
    }
    stop = true;
    traffic.join();
    CHECK(failed == "");
    CHECK_FALSE(lost);
    CHECK(one.runs() + two.runs() == sent);
  });
}

}  // namespace bpflink
