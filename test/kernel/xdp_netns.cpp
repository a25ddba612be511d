// SPDX-License-Identifier: MIT
// Interfaces of other network namespaces than the caller's, named in each way.
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "bpflink/info.hpp"
#include "child_helpers.hpp"
#include "refusals.hpp"
#include "support/catch.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

constexpr ifindex lo = 1;

// Calls f with the namespace named by a descriptor, a path and a thread that is in it.
void named_in_each_way(const test::netns_fixture& netns, const std::function<void(netns_target)>& f) {
  f(fd_ref{netns.get()});
  const auto path = netns.path();
  f(path);
  std::promise<process_id> inside;
  std::promise<void> done;
  std::thread stays([&] {
    netns.run([&] {
      inside.set_value(process_id{static_cast<std::uint32_t>(::gettid())});
      done.get_future().wait();
    });
  });
  const auto named = inside.get_future().get();
  try {
    f(named);
  } catch (...) {
    done.set_value();
    stays.join();
    throw;
  }
  done.set_value();
  stays.join();
}

bool passes_in(const test::netns_fixture& netns) {
  bool passes = false;
  netns.run([&passes] { passes = lo_passes(); });
  return passes;
}
bool loses_in(const test::netns_fixture& netns) {
  bool lost = false;
  netns.run([&lost] { lost = lo_loses(); });
  return lost;
}

std::uint32_t id_in(const test::netns_fixture& netns) {
  std::uint32_t id = 0;
  netns.run([&id] { id = test::xdp_of(lo.value()).program_id; });
  return id;
}

// All that can be done to an attachment, from outside of its namespace.
void serves_from_outside(const test::netns_fixture& there, netns_target named, mechanism expected_mechanism) {
  const auto drop = load_xdp(xdp_drop, "drop");
  const auto pass = load_xdp(xdp_pass, "pass");
  const interface_target interface { lo, named };
  const auto home = test::own_netns_inode();
  errno = 77;
  auto link = attach({.interface = interface, .program = borrow(drop)});
  CHECK(errno == 77);
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == expected_mechanism);
  CHECK(loses_in(there));
  CHECK(drop.runs() == 1);
  CHECK((home == there.inode() ? lo_loses() : lo_passes()));

  const auto attached = query({.interface = interface, .holders = true});
  REQUIRE(sentence(attached) == "");
  REQUIRE(attached->generic);
  CHECK(attached->generic->program == program_id{test::program_id(drop.get())});
  CHECK(attached->generic->held_by == expected_mechanism);
  if (expected_mechanism == mechanism::link) CHECK(attached->generic->link == link->info()->id);

  CHECK(sentence(link->update(borrow(pass), borrow(drop))) == "");
  CHECK(passes_in(there));
  const auto conflict = link->update(borrow(drop), borrow(drop));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error() == errc::conflict);
  CHECK_THAT(conflict.error().message(), test::contains("'pass'") && test::contains("'drop'"));

  CHECK(sentence(link->detach()) == "");
  CHECK(id_in(there) == 0);
  CHECK(query({.interface = interface})->empty());

  auto second = attach({.interface = interface, .program = borrow(drop)});
  REQUIRE(sentence(second) == "");
  CHECK(sentence(second->close()) == "");
  CHECK(passes_in(there));
  CHECK(test::own_netns_inode() == home);
}

void serves_in_each_way(mechanism expected_mechanism) {
  const test::netns_fixture here;
  const test::netns_fixture there;
  here.run([&] {
    named_in_each_way(there, [&](netns_target named) { serves_from_outside(there, named, expected_mechanism); });
    serves_from_outside(here, netns_target::current(), expected_mechanism);
    CHECK(test::xdp_of(lo.value()).attached == 0);
  });
}

}  // namespace

TEST_CASE("xdp: an interface of another namespace, named in each way", "[xdp]") {
  SKIP_IF(test::needs_root());
  serves_in_each_way(best_xdp_mechanism());
}

TEST_CASE("old xdp: an interface of another namespace, named in each way", "[.][old-xdp]") {
  serves_in_each_way(mechanism::netlink);
}

TEST_CASE("xdp: the caller's own namespace by its name costs no thread and no capability", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([] {
    const test::netns_fixture netns;
    netns.run([&] {
      const auto program = load_xdp();
      drop_capabilities({CAP_SYS_ADMIN});
      test::syscall_supervisor supervisor({SYS_clone, SYS_clone3, SYS_setns, SYS_bpf});
      for (const auto& named : {netns_target{fd_ref{netns.get()}}, netns_target{"/proc/thread-self/ns/net"}}) {
        const auto calls = supervisor.record_calls([&] {
          expect_equal(sentence(attach({.interface = {lo, named}, .program = borrow(program)})), "");
        });
        expect_equal(test::names(calls), "bpf(28)");
      }
    });
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: another namespace costs a thread that enters it", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([] {
    const test::netns_fixture netns;
    const auto program = load_xdp();
    const auto path = netns.path();
    test::syscall_supervisor supervisor;
    const auto calls_of = [&](netns_target named) {
      std::optional<xdp_link> link;
      const auto calls = supervisor.record_calls([&] {
        auto attached = attach({.interface = {lo, named}, .program = borrow(program)});
        if (attached) link.emplace(*std::move(attached));
      });
      expect(link.has_value());
      return test::names(calls);
    };
    // Two calls tell whether it is the caller's own; then the thread enters, and attaches.
    expect_contains(calls_of(fd_ref{netns.get()}), "setns bpf(28)");
    const auto by_path = calls_of(path);
    expect_contains(by_path, "openat(" + path + ")");
    expect_contains(by_path, "setns bpf(28)");
    expect_equal(calls_of(netns_target::current()), "bpf(28)");
  });
  CHECK(result.failure() == "");
}

TEST_CASE("xdp: threads of several namespaces attach in others at once, and stay where they are", "[xdp]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  constexpr std::size_t count = 4;
  const auto program = load_xdp();
  const test::netns_fixture homes[count];
  const test::netns_fixture targets[count];
  std::string failures[count];
  std::vector<std::thread> threads;
  for (std::size_t which = 0; which < count; ++which) {
    threads.emplace_back([&, which] {
      homes[which].run([&, which] {
        const auto home = test::own_netns_inode();
        for (int round = 0; round < 20; ++round) {
          auto link = attach({.interface = {lo, fd_ref{targets[which].get()}}, .program = borrow(program)});
          failures[which] += sentence(link);
          if (!link) return;
          if (id_in(targets[which]) == 0) failures[which] += "not attached there;";
          if (test::own_netns_inode() != home) failures[which] += "moved;";
        }
        if (test::xdp_of(lo.value()).attached != 0) failures[which] += "attached here;";
      });
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures) CHECK(failure == "");
}

TEST_CASE("xdp: a thread that is cancelled while another one works for it waits for that", "[xdp]") {
  SKIP_IF(test::needs_root());
  const test::netns_fixture there;
  const auto program = load_xdp();
  std::string failure = "did not come back";
  test::on_thread([&] {
    ::pthread_cancel(::pthread_self());
    const auto link = attach({.interface = {lo, fd_ref{there.get()}}, .program = borrow(program)});
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    failure = sentence(link);
    if (id_in(there) == 0) failure += "not attached";
  });
  CHECK(failure == "");
}

TEST_CASE("xdp: an interface is found by name in any namespace", "[xdp]") {
  SKIP_IF(test::needs_veth());
  const test::netns_fixture here;
  const test::netns_fixture there;
  there.run([] { test::create_veth("left", "right"); });
  here.run([&] {
    const auto program = load_xdp();
    named_in_each_way(there, [&](netns_target named) {
      const auto right = interface_target::from_name("right", named);
      REQUIRE(sentence(right) == "");
      const auto link = attach({.interface = *right, .program = borrow(program), .mode = xdp_mode::native});
      REQUIRE(sentence(link) == "");
      there.run([&] {
        CHECK(right->index().value() == test::ifindex_of("right"));
        CHECK(runs_for_frame(program, "left", "right") == 1);
      });
      const auto missing = interface_target::from_name("middle", named);
      REQUIRE_FALSE(missing);
      CHECK(missing.error() == errc::not_found);
      CHECK(missing.error().cause() == cause::no_such_interface);
      CHECK_THAT(missing.error().message(),
                 test::contains("find interface 'middle' in ") && test::contains("no interface there has this name"));
    });
    CHECK(interface_target::from_name("right").error() == errc::not_found);
    CHECK(interface_target::from_name("lo")->index() == lo);
    for (const char* const name : {"", "sixteen_letters_"}) {
      check_refused(interface_target::from_name(name, fd_ref{there.get()}), errc::invalid_argument, cause::bad_option,
                    0, "an interface's name has 1 to 15 bytes");
    }
    CHECK(interface_target::from_name("lo", fd_ref{}).error() == errc::bad_handle);
  });
}

}  // namespace bpflink
