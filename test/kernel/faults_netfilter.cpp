// SPDX-License-Identifier: MIT
// Netfilter, where each system call fails in turn.
#include <sys/syscall.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "faults.hpp"
#include "netfilter_helpers.hpp"
#include "support/catch.hpp"

namespace bpflink {

TEST_CASE("faults: netfilter", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  const bool elsewhere = GENERATE(false, true);
  const bool defragment = test::at_least(6, 6);
  // The kernel waits for the network's readers at each link that ends.
  constexpr unsigned seconds = 100;
  const auto result = test::in_child(
      [&] {
        const test::netns_fixture netns;
        auto program = load_netfilter();
        netfilter_options options{.family = netfilter_family::ipv4,
                                  .hook = netfilter_hook::local_in,
                                  .program = borrow(program),
                                  .defragment = defragment};
        const auto path = netns.path();
        if (elsewhere) options.netns = path;
        // The kernel hands on how it looked for the module that puts fragments together.
        const std::vector<faults::meaning> also{{ENOENT, errc::not_supported}};
        // Whether the namespace is the thread's own only saves a thread.
        const auto may_work = [](const test::system_call& call, int error) {
          return call.number == SYS_newfstatat || call.number == SYS_fstat || faults::may_work(call, error);
        };
        const auto test_it = [&] {
          expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); },
                                     may_work, also) >= faults::all_errors().size());
        };
        elsewhere ? test_it() : netns.run(test_it);
        faults::expect_freed(std::move(program));
      },
      seconds);
  CHECK(result.failure() == "");
}

TEST_CASE("faults: a netfilter hook that refuses", "[faults]") {
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_root());
  if (lacks_netfilter()) return;
  // The kernel waits for the network's readers at each link that ends.
  constexpr unsigned seconds = 100;
  const auto result = test::in_child(
      [&] {
        const test::netns_fixture netns;
        netns.run([] {
          const auto program = load_netfilter();
          const auto unfit = test::load({.type = test::prog_type::socket_filter});
          const netfilter_options options{
              .family = netfilter_family::ipv6, .hook = netfilter_hook::forward, .program = borrow(program)};
          auto unfit_options = options;
          unfit_options.program = borrow(unfit);
          const auto theirs = must(attach(options));
          test::syscall_supervisor supervisor;
          faults::fail_refused(supervisor, EBUSY, [&] { return attach(options); });
          faults::fail_refused(supervisor, EINVAL, [&] { return attach(unfit_options); });
        });
      },
      seconds);
  CHECK(result.failure() == "");
}

}  // namespace bpflink
