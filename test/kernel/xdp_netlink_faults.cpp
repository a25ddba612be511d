// SPDX-License-Identifier: MIT
// XDP by netlink where calls fail, rights are missing, or the kernel is still older.
#include <linux/capability.h>
#include <linux/if_link.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "child_helpers.hpp"
#include "netlink_faults.hpp"
#include "support/catch.hpp"
#include "support/syscall_supervisor.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

xdp_options on_lo(const test::counted_program& program) {
  return {.interface = index_of("lo"), .program = borrow(program), .mode = xdp_mode::generic};
}

std::uint32_t id_on_lo() { return test::xdp_of(test::ifindex_of("lo")).program_id; }
void clear_lo() { expect_equal(test::netlink_xdp(test::ifindex_of("lo"), -1, XDP_FLAGS_SKB_MODE), 0); }

// A kernel before 5.7 knows no XDP_FLAGS_REPLACE, and says EINVAL to what it does not know: a flag that no kernel knows
// is put beside it.
test::verdict forget_replace(const test::observed_call& call) {
  constexpr std::uint32_t no_kernels_flag = 1U << 20U;
  auto* const bytes = reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(call.arguments[1]));
  // A netlink header, an ifinfomsg, IFLA_XDP; in it 8 bytes for each attribute.
  for (std::size_t at = 36; at + 8 <= call.arguments[2]; at += 8) {
    std::uint16_t type = 0;
    std::uint32_t flags = 0;
    std::memcpy(&type, bytes + at + 2, sizeof type);
    std::memcpy(&flags, bytes + at + 4, sizeof flags);
    if (type != IFLA_XDP_FLAGS || (flags & XDP_FLAGS_REPLACE) == 0) continue;
    flags |= no_kernels_flag;
    std::memcpy(bytes + at + 4, &flags, sizeof flags);
  }
  return test::verdict::proceed();
}

void compare_by_id() {
  const auto pass = load_xdp(xdp_pass, "pass");
  const auto drop = load_xdp(xdp_drop, "drop");
  const auto lo = test::ifindex_of("lo");
  auto link = must(attach(on_lo(pass)));
  expect_equal(sentence(link.update(borrow(drop))), "");
  expect(lo_drops(drop));
  expect_equal(sentence(link.update(borrow(pass), borrow(drop))), "");
  expect(lo_passes());
  expect(failure_of(link.update(borrow(drop), borrow(drop))) == errc::conflict);
  expect_equal(sentence(link.close()), "");
  expect_equal(id_on_lo(), 0);

  auto second = must(attach(on_lo(pass)));
  expect_equal(test::netlink_xdp(lo, drop.get(), XDP_FLAGS_SKB_MODE), 0);
  expect(failure_of(second.close()).cause() == cause::not_attached);
  expect_equal(id_on_lo(), test::program_id(drop.get()));
  clear_lo();
}

}  // namespace

TEST_CASE("old xdp: before Linux 5.7 the kernel is asked whose program it is", "[.][old-xdp]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    test::syscall_supervisor supervisor({SYS_sendto});
    const auto calls = supervisor.with_handler(forget_replace, compare_by_id);
    expect(!calls.empty());
  });
}

TEST_CASE("old xdp: the missing capability is told", "[.][old-xdp]") {
  in_child_netns([] {
    const auto program = load_xdp();
    expect_equal(sentence(attach(on_lo(program))), "");
    drop_capabilities({CAP_NET_ADMIN});
    const auto refused = failure_of(attach(on_lo(program)));
    expect(refused == errc::permission_denied);
    expect(refused.cause() == cause::missing_capability);
    expect_contains(refused.message(), "CAP_NET_ADMIN is missing");
  });
}

TEST_CASE("old xdp: closing is one request, and what is opened is closed", "[.][old-xdp]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto program = load_xdp();
    auto link = must(attach(on_lo(program)));
    test::syscall_supervisor supervisor;
    const auto calls = supervisor.record_calls([&] { expect(link.close().has_value()); });
    if (test::at_least(5, 7)) expect_equal(test::names(calls), "sendto recvfrom close close");
  });
}

TEST_CASE("old xdp: whatever call of an attach fails, nothing is left", "[.][old-xdp]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto program = load_xdp();
    const auto faults = fail_attaching(on_lo(program), [](bool attached, const std::string& where) {
      expect((id_on_lo() != 0) == attached, where);
      if (attached) clear_lo();
    });
    expect(faults > 8);
    clear_lo();
  });
}

TEST_CASE("old xdp: whatever answer is cut off or a refusal, what is told is true", "[.][old-xdp]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto pass = load_xdp();
    const auto drop = load_xdp(xdp_drop);
    const auto id_of = [](const test::counted_program& program) { return test::program_id(program.get()); };
    std::optional<xdp_link> link;
    const auto attach_again = [&] {
      link.reset();
      clear_lo();
      link.emplace(must(attach(on_lo(pass))));
    };
    test::syscall_supervisor supervisor({SYS_sendto, SYS_recvfrom});
    bool worked = false;
    expect(spoil_each(
               supervisor,
               [&] {
                 auto made = attach(on_lo(pass));
                 worked = made.has_value();
                 if (made) static_cast<void>(std::move(*made).release());
               },
               [&](const std::string& where) {
                 expect((id_on_lo() != 0) == worked, "attached, " + where);
                 clear_lo();
               }) > 0);
    attach_again();
    expect(spoil_each(
               supervisor, [&] { worked = link->update(borrow(drop), borrow(pass)).has_value(); },
               [&](const std::string& where) {
                 expect_equal(id_on_lo(), id_of(worked ? drop : pass), "updated, " + where);
                 attach_again();
               }) > 0);
    expect(spoil_each(
               supervisor, [&] { worked = link->detach().has_value(); },
               [&](const std::string& where) {
                 expect_equal(id_on_lo(), worked ? 0 : id_of(pass), "detached, " + where);
                 expect_equal(sentence(link->detach()), "", "the second time, " + where);
                 expect_equal(id_on_lo(), 0, "detached twice, " + where);
                 attach_again();
               }) > 0);
    expect(spoil_each(
               supervisor, [&] { worked = link->close().has_value(); },
               [&](const std::string& where) {
                 expect(!*link, "the handle, " + where);
                 expect_equal(id_on_lo(), worked ? 0 : id_of(pass), "closed, " + where);
                 attach_again();
               }) > 0);
    link.reset();
    expect_equal(id_on_lo(), 0);
  });
}

TEST_CASE("old xdp: an update whose answer is lost is looked up", "[.][old-xdp]") {
  SKIP_IF(test::needs_supervisor());
  in_child_netns([] {
    const auto pass = load_xdp();
    const auto drop = load_xdp(xdp_drop);
    auto link = must(attach(on_lo(pass)));
    test::syscall_supervisor supervisor({SYS_recvfrom});
    expect(supervisor.fail_nth(1, ENOBUFS, [&] { expect_equal(sentence(link.update(borrow(drop))), ""); }));
    expect_equal(id_on_lo(), test::program_id(drop.get()));
    expect(supervisor.fail_nth(1, ENOBUFS, [&] { expect_equal(sentence(link.close()), ""); }));
    expect_equal(id_on_lo(), 0);
    // EINTR is no answer either, and only means to ask again.
    expect(supervisor.fail_nth(1, EINTR, [&] { expect_equal(sentence(attach(on_lo(pass))), ""); }));
    expect_equal(id_on_lo(), 0);
  });
}

}  // namespace bpflink
