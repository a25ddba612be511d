// SPDX-License-Identifier: MIT
// What programs at tc do to packets, seen by who comes behind them: filters, other interfaces, sockets.
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "support/catch.hpp"
#include "support/reception.hpp"
#include "support/tc.hpp"
#include "tc_helpers.hpp"

namespace bpflink {

namespace {

constexpr int option_receive_mark = 75;  // SO_RCVMARK

// Sends each packet out of another interface.
test::fd load_redirect(ifindex to) {
  const auto index = static_cast<std::int32_t>(to.value());
  constexpr std::int32_t redirect = 23;  // bpf_redirect
  return test::load({.type = test::prog_type::sched_cls,
                     .code = test::assembler().mov(test::r1, index).mov(test::r2, 0).call(redirect).exit().done(),
                     .name = "redirect"});
}

test::fd load_mark(std::int32_t mark) {
  constexpr int mark_at = 8;  // in struct __sk_buff
  test::assembler code;
  code.mov(test::r0, mark).store(test::width::u32, test::r1, mark_at, test::r0).mov(test::r0, tc_next).exit();
  return test::load({.type = test::prog_type::sched_cls, .code = code.done(), .name = "mark"});
}

// The mark of a datagram over lo, as its receiver is told; nothing where it does not arrive.
std::optional<std::uint32_t> mark_received() {
  test::udp_pair pair;
  const int on = 1;
  REQUIRE(::setsockopt(pair.receiver(), SOL_SOCKET, option_receive_mark, &on, sizeof on) == 0);
  test::until_received([&pair] { CHECK(pair.send() == 0); });
  char byte = 0;
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(std::uint32_t))] = {};
  iovec data{&byte, 1};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof room;
  if (::recvmsg(pair.receiver(), &message, MSG_DONTWAIT) < 0) return std::nullopt;
  const auto* const told = CMSG_FIRSTHDR(&message);
  if (told == nullptr || told->cmsg_level != SOL_SOCKET || told->cmsg_type != SO_MARK) return std::nullopt;
  std::uint32_t mark = 0;
  std::memcpy(&mark, CMSG_DATA(told), sizeof mark);
  return mark;
}

}  // namespace

TEST_CASE("tcx: a link runs before each filter of tc, and what ends the row there spares them", "[tcx]") {
  SKIP_IF(test::needs_root());
  if (lacks_tcx_links()) return;
  test::netns_fixture().run([] {
    const auto lo = index_of("lo");
    const auto index = lo.value();
    REQUIRE(test::make_qdisc(index, "clsact") == 0);
    for (const auto hook : {tcx_hook::ingress, tcx_hook::egress}) {
      INFO(to_string(hook));
      const auto filter = load_digit(2, tc_pass);
      const auto where = hook == tcx_hook::ingress ? test::tc_hook::ingress : test::tc_hook::egress;
      const test::tc_request request{
          .ifindex = index, .hook = where, .priority = 1, .handle = 1, .program_fd = filter.get()};
      REQUIRE(test::add_filter(request) == 0);
      CHECK(lo_passes());
      CHECK(digits_seen(filter) == 0x2);
      // The later one.
      const auto goes_on = load_digit(1, tc_next);
      auto link = attach({.interface = lo, .hook = hook, .program = borrow(goes_on)});
      REQUIRE(sentence(link) == "");
      CHECK(link->mechanism() == mechanism::link);
      CHECK(lo_passes());
      CHECK(digits_seen(filter) == 0x12);
      CHECK(filter.runs() == 2);

      const auto drop = load_tc(tc_drop);
      CHECK(sentence(link->update(borrow(drop))) == "");
      CHECK(lo_loses());
      CHECK(drop.runs() == 1);
      const auto pass = load_tc(tc_pass);
      CHECK(sentence(link->update(borrow(pass))) == "");
      CHECK(lo_passes());
      CHECK(pass.runs() == 1);
      CHECK(filter.runs() == 2);

      CHECK(sentence(link->detach()) == "");
      CHECK(lo_passes());
      CHECK(filter.runs() == 3);
      REQUIRE(test::delete_filter(request) == 0);
    }
  });
}

TEST_CASE("tcx: what is redirected comes out elsewhere", "[tcx]") {
  SKIP_IF(test::needs_veth());
  test::netns_fixture().run([] {
    test::create_veth("left", "right");
    test::create_veth("out", "elsewhere");
    // It comes in at the one, and at the other.
    const auto is_redirected = [](const char* from) { return frame_passes(from, "elsewhere", 2); };
    REQUIRE(test::eventually([] { return frame_passes("out", "elsewhere"); }));
    const auto program = load_redirect(index_of("out"));
    for (const auto hook : {tcx_hook::ingress, tcx_hook::egress}) {
      INFO(to_string(hook));
      const auto* const at = hook == tcx_hook::ingress ? "right" : "left";
      CHECK_FALSE(is_redirected("left"));
      auto link = attach({.interface = index_of(at), .hook = hook, .program = borrow(program)});
      REQUIRE(sentence(link) == "");
      CHECK(is_redirected("left"));
      CHECK_FALSE(frame_passes("left", "right"));
      CHECK(sentence(link->detach()) == "");
      CHECK_FALSE(is_redirected("left"));
      CHECK(frame_passes("left", "right"));
    }
  });
}

TEST_CASE("netkit: what is redirected comes out elsewhere", "[netkit]") {
  SKIP_IF(test::needs_veth());
  if (!has_netkit()) return;
  test::netns_fixture().run([] {
    make_netkit("near", "far");
    test::create_veth("out", "elsewhere");
    REQUIRE(test::eventually([] { return frame_passes("out", "elsewhere"); }));
    const auto program = load_redirect(index_of("out"));
    for (const auto hook : {netkit_hook::primary, netkit_hook::peer}) {
      INFO(to_string(hook));
      const auto* const from = hook == netkit_hook::primary ? "near" : "far";
      const auto* const to = hook == netkit_hook::primary ? "far" : "near";
      REQUIRE(test::eventually([&] { return frame_passes(from, to); }));
      CHECK_FALSE(frame_passes(from, "elsewhere"));
      auto link = attach(netkit_options{.interface = index_of("near"), .hook = hook, .program = borrow(program)});
      REQUIRE(sentence(link) == "");
      CHECK(frame_passes(from, "elsewhere"));
      CHECK_FALSE(frame_passes(from, to));
      CHECK(sentence(link->detach()) == "");
      CHECK_FALSE(frame_passes(from, "elsewhere"));
      CHECK(frame_passes(from, to));
    }
  });
}

TEST_CASE("tcx: a mark is seen by the receiver", "[tcx]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 19, "marks that receivers are told"));
  test::netns_fixture().run([] {
    constexpr std::int32_t mark = 0x2a17;
    const auto program = load_mark(mark);
    CHECK(mark_received() == 0U);
    for (const auto hook : {tcx_hook::ingress, tcx_hook::egress}) {
      INFO(to_string(hook));
      auto link = attach({.interface = index_of("lo"), .hook = hook, .program = borrow(program)});
      REQUIRE(sentence(link) == "");
      CHECK(mark_received() == static_cast<std::uint32_t>(mark));
      CHECK(sentence(link->detach()) == "");
      CHECK(mark_received() == 0U);
    }
  });
}

}  // namespace bpflink
