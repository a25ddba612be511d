// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_link.hpp"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bpflink/info.hpp"
#include "netns_programs.hpp"
#include "support/bpffs_fixture.hpp"
#include "support/catch.hpp"
#include "support/cgroup_fixture.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "support/syscall_supervisor.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink {

namespace {

namespace at = test::attach_type;
namespace of = test::prog_type;

expected<link_handle> link_to(raw_target target, attach_type hook, program_ref program) {
  return attach(raw_link_options{.target = target, .hook = hook, .program = program});
}

// From the raw call to the end: kind, program, information, update where the kind has it, close.
void check_link(expected<link_handle> link, link_type kind, const test::fd& program) {
  REQUIRE(sentence(link) == "");
  CHECK(link->type() == kind);
  CHECK(link->mechanism() == mechanism::link);
  CHECK(link->can_update() == capabilities_of(kind).update);
  CHECK(link->can_detach() == capabilities_of(kind).detach);
  if (link->can_update()) CHECK(sentence(link->update(borrow(program), borrow(program))) == "");
  if (!test::at_least(5, 8)) return;
  const auto info = link->info();
  REQUIRE(sentence(info) == "");
  CHECK(info->type == kind);
  CHECK(info->program == program_id{test::program_id(program.get())});
  CHECK(sentence(link->close()) == "");
  CHECK(test::link_ends(info->id.value()));
}

test::fd load_traced(const std::string& type_name, std::uint32_t hook, const test::instructions& code) {
  const auto& btf = test::vmlinux_btf::get();
  const auto id = hook == at::trace_iter ? btf.function(type_name) : btf.type_alias(type_name);
  return test::load({.type = of::tracing, .code = code, .expected_attach_type = hook, .attach_btf_id = id.value()});
}

// An event that is hit at each page that this thread touches for the first time.
test::fd open_page_faults() {
  perf_event_attr attr{};
  attr.type = PERF_TYPE_SOFTWARE;
  attr.size = sizeof attr;
  attr.config = PERF_COUNT_SW_PAGE_FAULTS;
  attr.sample_period = 1;
  return test::must(test::fd(::syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)),
                    "opening a perf event");
}

void touch_a_page() {
  constexpr std::size_t size = 4096;
  void* const page = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(page != MAP_FAILED);
  std::memset(page, 1, size);
  CHECK(::munmap(page, size) == 0);
}

}  // namespace

TEST_CASE("raw_link: a cgroup link runs, is swapped, pinned, detached and opened again", "[raw_link]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  test::cgroup_fixture cgroup;
  const auto first = load_egress();
  const auto second = load_egress();
  const auto owner = unique_fd::adopt(test::open_file(cgroup.path(), O_RDONLY | O_CLOEXEC).release());
  auto link = link_to(owner, attach_type::cgroup_inet_egress, borrow(first));
  REQUIRE(sentence(link) == "");
  CHECK(link->type() == link_type::cgroup);
  const auto send = [&] { cgroup.enter([] { CHECK(test::udp_send() == 0); }); };
  send();
  CHECK(first.runs() == 1);
  CHECK(sentence(link->update(borrow(second), borrow(first))) == "");
  CHECK(link->update(borrow(first), borrow(first)).error() == errc::conflict);
  send();
  CHECK(first.runs() == 1);
  CHECK(second.runs() == 1);

  if (test::at_least(5, 8)) {
    const test::bpffs_fixture bpffs;
    const auto info = link->info();
    REQUIRE(sentence(info) == "");
    CHECK(std::get<cgroup_info>(info->details).cgroup_id == cgroup.id());
    CHECK(std::get<cgroup_info>(info->details).hook == attach_type::cgroup_inet_egress);
    CHECK(sentence(link->pin(bpffs / "link")) == "");
    const auto opened = link_handle::open_pinned(bpffs / "link");
    REQUIRE(sentence(opened) == "");
    CHECK(opened->info()->id == info->id);
    CHECK(link_handle::from_id(info->id)->type() == link_type::cgroup);
    CHECK(sentence(link->unpin(bpffs / "link")) == "");
    CHECK_FALSE(test::path_exists(bpffs / "link"));
  }
  if (test::at_least(5, 9)) {
    CHECK(sentence(link->detach()) == "");
    send();
    CHECK(second.runs() == 1);
    CHECK(link->update(borrow(first)).error() == errc::defunct);
  }
  CHECK(sentence(link->close()) == "");
  CHECK(test::query(cgroup.get(), at::cgroup_inet_egress).ids.empty());
}

TEST_CASE("raw_link: links to network namespaces", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "sk_lookup"));
  const test::netns_fixture netns;
  const fd_ref here{netns.get()};
  const auto lookup = load_lookup(sk_drop);
  const auto dissector = load_dissector();
  {
    const auto link = link_to(here, attach_type::sk_lookup, borrow(lookup));
    REQUIRE(sentence(link) == "");
    netns.run([] {
      const test::tcp_listener listener;
      CHECK(test::tcp_connect(listener.port()) == ECONNREFUSED);
    });
  }
  check_link(link_to(here, attach_type::sk_lookup, borrow(lookup)), link_type::netns, lookup.program);
  check_link(link_to(here, attach_type::flow_dissector, borrow(dissector)), link_type::netns, dissector.program);
}

TEST_CASE("raw_link: links to interfaces", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const test::netns_fixture netns;
  const auto xdp = test::load_counted(of::xdp, at::xdp, 2);
  netns.run([&] {
    const ifindex loopback{1};
    {
      const auto link = link_to(loopback, attach_type::xdp, borrow(xdp));
      REQUIRE(sentence(link) == "");
      CHECK(test::udp_send() == 0);
      CHECK(xdp.runs() > 0);
    }
    check_link(link_to(loopback, attach_type::xdp, borrow(xdp)), link_type::xdp, xdp.program);
    if (!test::at_least(6, 6)) return;
    const auto tcx = test::load_counted(of::sched_cls, at::tcx_ingress, -1);
    {
      const auto link = link_to(loopback, attach_type::tcx_ingress, borrow(tcx));
      REQUIRE(sentence(link) == "");
      CHECK(test::udp_send() == 0);
      CHECK(tcx.runs() > 0);
    }
    check_link(link_to(loopback, attach_type::tcx_ingress, borrow(tcx)), link_type::tcx, tcx.program);
  });
}

TEST_CASE("raw_link: links to maps", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 13, "the verdict on packets"));
  const auto map = test::create_map(test::map_type::sockmap, 4, 4);
  const auto program = test::load_counted(of::sk_skb, at::sk_skb_verdict, 1);
  if (!test::at_least(6, 10)) {
    const auto refused = link_to(fd_ref{map.get()}, attach_type::sk_skb_verdict, borrow(program));
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == errc::not_supported);
    return;
  }
  {
    const auto link = link_to(fd_ref{map.get()}, attach_type::sk_skb_verdict, borrow(program));
    REQUIRE(sentence(link) == "");
    CHECK(test::query(map.get(), at::sk_skb_verdict).ids == std::vector{test::program_id(program.get())});
  }
  CHECK(test::query(map.get(), at::sk_skb_verdict).ids.empty());
  check_link(link_to(fd_ref{map.get()}, attach_type::sk_skb_verdict, borrow(program)), link_type::sockmap,
             program.program);
}

TEST_CASE("raw_link: without a target, an iterator", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 8, "iterators"));
  SKIP_IF(test::needs_vmlinux_btf());
  const auto program = load_traced("bpf_iter_task", at::trace_iter, test::return_value(0));
  const auto link = link_to(raw_target::none(), attach_type::trace_iter, borrow(program));
  REQUIRE(sentence(link) == "");
  const auto ran = test::ran(program.get(), [&] {
    const auto rows = test::must(test::iter_create(link->fd().get()), "iterating");
    char byte = 0;
    CHECK(::read(rows.get(), &byte, 1) == 0);
  });
  CHECK(ran > 0);
  check_link(link_to(raw_target::none(), attach_type::trace_iter, borrow(program)), link_type::iterator, program);
}

TEST_CASE("raw_link: a tracepoint with BTF, and its cookie", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 18, "links to tracepoints with BTF"));
  SKIP_IF(test::needs_vmlinux_btf());
  const bool cookies = test::at_least(6, 10);
  const auto counter = test::counter_map(2);
  const auto program =
      load_traced("btf_trace_bpf_test_finish", at::trace_raw_tp,
                  cookies ? test::record_cookie(counter.get()) : test::count_and_return(counter.get(), 0));
  const auto tested = test::load({.type = of::socket_filter});
  const auto run = [&] {
    const std::array<std::byte, 64> packet{};
    test::attribute attr;
    attr.put(0, tested.get()).put(8, std::uint32_t{packet.size()}).put_pointer(16, packet.data());
    CHECK(attr.call(test::command::prog_test_run, 80) == 0);
  };
  auto link = attach(raw_link_options{.target = raw_target::none(),
                                      .hook = attach_type::trace_raw_tp,
                                      .program = borrow(program),
                                      .cookie = cookie{77}});
  REQUIRE(sentence(link) == "");
  run();
  CHECK(test::counter(counter.get(), 0) > 0);
  if (cookies) CHECK(test::counter(counter.get(), 1) == 77);
  check_link(std::move(link), link_type::raw_tracepoint, program);
}

TEST_CASE("raw_link: a perf event, and its cookie", "[raw_link]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  const auto counter = test::counter_map(2);
  const auto program =
      test::load({.type = of::perf_event, .code = test::record_cookie(counter.get()), .name = "record"});
  const auto event = open_page_faults();
  auto link = attach(raw_link_options{.target = fd_ref{event.get()},
                                      .hook = attach_type::perf_event,
                                      .program = borrow(program),
                                      .cookie = cookie{99}});
  REQUIRE(sentence(link) == "");
  touch_a_page();
  CHECK(test::counter(counter.get(), 0) > 0);
  CHECK(test::counter(counter.get(), 1) == 99);
  check_link(std::move(link), link_type::perf_event, program);
}

TEST_CASE("raw_link: linking is one call, of no more bytes than it needs", "[raw_link]") {
  SKIP_IF(test::needs_cgroup2());
  SKIP_IF(test::needs_kernel(5, 7, "links"));
  SKIP_IF(test::needs_supervisor());
  test::cgroup_fixture cgroup;
  const auto program = load_egress();
  CHECK(test::in_child([&] {
          test::syscall_supervisor supervisor;
          const auto calls = supervisor.record_calls([&] {
            test::expect(link_to(fd_ref{cgroup.get()}, attach_type::cgroup_inet_egress, borrow(program)).has_value());
          });
          test::expect_equal(test::names(calls), "bpf(28) close");
          test::expect_equal(static_cast<std::int64_t>(calls[0].arguments[2]), 16, "size of the attribute");
        }).failure() == "");
}

}  // namespace bpflink
