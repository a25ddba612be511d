// SPDX-License-Identifier: MIT
#include "bpflink/attach/netns.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "bpflink/info.hpp"
#include "netns_programs.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/privileges.hpp"
#include "support/syscall_supervisor.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;

constexpr std::uint16_t closed_port = 7;

// Sends what comes for the closed port to the socket at key 0 of a sockmap.
test::fd load_steering(int sockmap) {
  constexpr int local_port = 60;  // in struct bpf_sk_lookup
  constexpr std::int32_t assign = 124;
  constexpr std::int32_t release = 86;
  using namespace test;
  return load({.type = prog_type::sk_lookup,
               .code = assembler()
                           .mov(r6, r1)
                           .load(width::u32, r2, r1, local_port)
                           .jump_if(jump::not_equal, r2, closed_port, "pass")
                           .store(width::u32, r10, -4, 0)
                           .mov(r2, r10)
                           .add(r2, -4)
                           .load_map(r1, sockmap)
                           .call(helper::map_lookup_elem)
                           .jump_if(jump::equal, r0, 0, "pass")
                           .mov(r7, r0)
                           .mov(r1, r6)
                           .mov(r2, r7)
                           .mov(r3, 0)
                           .call(assign)
                           .mov(r1, r7)
                           .call(release)
                           .label("pass")
                           .mov(r0, sk_pass)
                           .exit()
                           .done(),
               .expected_attach_type = at::sk_lookup,
               .name = "steer"});
}

}  // namespace

TEST_CASE("netns: an sk_lookup program drops connections until its link is closed", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto program = load_lookup(sk_drop);
  netns.run([&] {
    test::tcp_listener listener;
    CHECK(listener.connect() == 0);

    auto link = attach(netns_options{.hook = netns_hook::sk_lookup, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    CHECK(link->mechanism() == mechanism::link);
    CHECK(test::tcp_connect(listener.port()) == ECONNREFUSED);
    CHECK(program.runs() == 1);

    CHECK(sentence(link->close()) == "");
    CHECK(listener.connect() == 0);
    CHECK(program.runs() == 1);
  });
  CHECK(programs_in(netns, at::sk_lookup).empty());
}

TEST_CASE("netns: an sk_lookup program steers a connection to another port's socket", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto sockmap = test::create_map(test::map_type::sockmap, 4, 8);
  const auto program = load_steering(sockmap.get());
  netns.run([&] {
    const test::tcp_listener listener;
    const std::uint32_t key = 0;
    const auto socket = static_cast<std::uint64_t>(listener.get());
    REQUIRE(test::map_update(sockmap.get(), &key, &socket) == 0);
    CHECK(test::tcp_connect(closed_port) == ECONNREFUSED);
    {
      const auto link = attach(
          netns_options{.netns = fd_ref{netns.get()}, .hook = netns_hook::sk_lookup, .program = borrow(program)});
      REQUIRE(sentence(link) == "");
      CHECK(test::tcp_connect(closed_port) == 0);
    }
    CHECK(test::tcp_connect(closed_port) == ECONNREFUSED);
  });
}

TEST_CASE("netns: a flow dissector runs for packets of its namespace, is swapped and detached", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  const test::netns_fixture netns;
  const test::netns_fixture other;
  const auto first = load_dissector();
  const auto second = load_dissector();
  auto link = attach_inside(netns, {.hook = netns_hook::flow_dissector, .program = borrow(first)});
  REQUIRE(sentence(link) == "");
  CHECK(link->mechanism() == (test::at_least(5, 8) ? mechanism::link : mechanism::program_exclusive));
  CHECK(dissected(netns, first) == 1);
  CHECK(dissected(other, first) == 0);

  CHECK(sentence(link->update(borrow(second))) == "");
  CHECK(dissected(netns, second) == 1);
  CHECK(dissected(netns, first) == 0);
  const auto conflict = link->update(borrow(first), borrow(first));
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error() == errc::conflict);
  CHECK(sentence(link->update(borrow(first), borrow(second))) == "");
  CHECK(dissected(netns, first) == 1);

  if (test::at_least(5, 9) || link->mechanism() != mechanism::link) {
    CHECK(sentence(link->detach()) == "");
    CHECK(dissected(netns, first) == 0);
    CHECK(sentence(link->detach()) == "");
    const auto updated = link->update(borrow(second));
    REQUIRE_FALSE(updated);
    CHECK(updated.error() == errc::defunct);
    link = attach_inside(netns, {.hook = netns_hook::flow_dissector, .program = borrow(second)});
    REQUIRE(sentence(link) == "");
    CHECK(dissected(netns, second) == 1);
  }
  CHECK(sentence(link->close()) == "");
  CHECK(dissected(netns, first) + dissected(netns, second) == 0);
  CHECK(programs_in(netns, at::flow_dissector).empty());
}

TEST_CASE("netns: the namespace is the thread's own, or named by path, descriptor or process", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto program = load_lookup();
  const auto check = [&](netns_target target) {
    const auto link = attach(netns_options{.netns = target, .hook = netns_hook::sk_lookup, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    const auto info = link->info();
    REQUIRE(sentence(info) == "");
    REQUIRE(std::get_if<netns_info>(&info->details) != nullptr);
    CHECK(std::get<netns_info>(info->details).netns_inode == netns.inode());
    CHECK(programs_in(netns, at::sk_lookup).size() == 1);
  };
  const auto path = netns.path();
  const auto owner = unique_fd::adopt(test::open_file(path, O_RDONLY | O_CLOEXEC).release());
  check(path);
  check(path.c_str());
  check(zstring_view{path});
  check(fd_ref{netns.get()});
  check(owner);
  netns.run([&] {
    check(netns_target::current());
    check(process_id{static_cast<std::uint32_t>(::syscall(SYS_gettid))});
  });
  CHECK(programs_in(netns, at::sk_lookup).empty());
}

TEST_CASE("netns: several sk_lookup programs, and one twice, share a namespace", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const auto first = load_lookup();
  const auto second = load_lookup();
  const auto options = [&](const test::counted_program& program) {
    return netns_options{.netns = fd_ref{netns.get()}, .hook = netns_hook::sk_lookup, .program = borrow(program)};
  };
  const auto a = attach(options(first));
  const auto b = attach(options(second));
  const auto c = attach(options(first));
  REQUIRE(sentence(a) == "");
  REQUIRE(sentence(b) == "");
  REQUIRE(sentence(c) == "");
  CHECK(programs_in(netns, at::sk_lookup).size() == 3);
  netns.run([] { CHECK(test::tcp_exchange() == 0); });
  CHECK(first.runs() == 2);
  CHECK(second.runs() == 1);
}

TEST_CASE("netns: a link outlives its namespace as a defunct one", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "links to network namespaces"));
  test::netns_fixture netns;
  const auto program = load_dissector();
  auto link = attach(
      netns_options{.netns = fd_ref{netns.get()}, .hook = netns_hook::flow_dissector, .program = borrow(program)});
  REQUIRE(sentence(link) == "");
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == link_type::netns);
  CHECK(info->id.value() == test::info_of_link(link->fd().get()).id());
  CHECK(info->program == program_id{test::program_id(program.get())});
  CHECK(std::get<netns_info>(info->details).hook == attach_type::flow_dissector);
  CHECK(info->defunct() == false);

  netns.remove();
  CHECK(test::eventually([&] { return link->info()->defunct() == true; }));
  const auto updated = link->update(borrow(program));
  REQUIRE_FALSE(updated);
  CHECK(updated.error() == errc::defunct);
  CHECK(updated.error().sys_errno() == ENOLINK);
  if (test::at_least(5, 9)) CHECK(sentence(link->detach()) == "");
}

TEST_CASE("netns: a pinned link goes on, and is opened as what it is", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const test::bpffs_fixture bpffs;
  const auto program = load_lookup(sk_drop);
  {
    auto link =
        attach(netns_options{.netns = fd_ref{netns.get()}, .hook = netns_hook::sk_lookup, .program = borrow(program)});
    REQUIRE(sentence(link) == "");
    REQUIRE(sentence(link->pin(bpffs / "lookup")) == "");
  }
  netns.run([] {
    const test::tcp_listener listener;
    CHECK(test::tcp_connect(listener.port()) == ECONNREFUSED);
  });
  auto opened = netns_link::open_pinned(bpffs / "lookup");
  REQUIRE(sentence(opened) == "");
  const auto id = opened->info()->id;
  CHECK(netns_link::from_id(id).has_value());
  CHECK(sentence(opened->unpin(bpffs / "lookup")) == "");
  CHECK(sentence(opened->close()) == "");
  CHECK(test::link_ends(id.value()));
  netns.run([] { CHECK(test::tcp_exchange() == 0); });
}

TEST_CASE("netns: attaching makes the kernel's own calls and no other", "[netns]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  SKIP_IF(test::needs_supervisor());
  const test::netns_fixture netns;
  const auto program = load_lookup();
  const auto path = netns.path();
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          const auto calls = [&](netns_target target) {
            return test::names(supervisor.record_calls([&] {
              const auto link =
                  attach(netns_options{.netns = target, .hook = netns_hook::sk_lookup, .program = borrow(program)});
              test::expect(link.has_value());
            }));
          };
          test::expect_equal(calls(fd_ref{netns.get()}), "bpf(28) close");
          test::expect_equal(calls(path), "openat(" + path + ") bpf(28) close close");
          netns.run([&] {
            test::expect_equal(calls(netns_target::current()), "openat(/proc/thread-self/ns/net) bpf(28) close close");
          });
        }).failure() == "");
}

}  // namespace bpflink
