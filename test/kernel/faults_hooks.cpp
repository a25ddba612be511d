// SPDX-License-Identifier: MIT
// Attaching to the hooks of the kernel's and of programs, where each system call fails in turn.
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "bpflink/attach/iterator.hpp"
#include "bpflink/attach/raw_link.hpp"
#include "bpflink/attach/raw_tracepoint.hpp"
#include "bpflink/attach/uprobe_multi.hpp"
#include "faults.hpp"
#include "netns_programs.hpp"
#include "support/catch.hpp"
#include "support/privileges.hpp"
#include "support/vmlinux_btf.hpp"
#include "tracepoint_helpers.hpp"
#include "uprobe_helpers.hpp"
#include "xdp_helpers.hpp"

namespace bpflink {

namespace {

test::fd load_iterator(const std::string& target) {
  return test::load({.type = test::prog_type::tracing,
                     .code = test::return_value(0),
                     .expected_attach_type = test::attach_type::trace_iter,
                     .attach_btf_id = test::vmlinux_btf::get().function("bpf_iter_" + target).value()});
}

}  // namespace

TEST_CASE("faults: iterator", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "iterators over maps"));
  SKIP_IF(test::needs_vmlinux_btf());
  const bool over_map = GENERATE(true, false);
  const auto result = test::in_child([&] {
    auto program = load_iterator(over_map ? "bpf_map_elem" : "task");
    const auto map = test::counter_map();
    const iterator_options options{
        .program = borrow(program),
        .parameters = over_map ? iterator_parameters::over_map(fd_ref{map.get()}) : iterator_parameters{}};
    // Whether the kernel took the map is asked when it has the link; and who reads beyond a map's values is told so by
    // EACCES.
    const auto may_work = [](const test::system_call& call, int error) {
      const bool asks = call.number == SYS_bpf && call.command() == test::command::obj_get_info_by_fd;
      return asks || faults::may_work(call, error);
    };
    expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); }, may_work,
                               {{EACCES, errc::wrong_type}}) > 0);
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: raw tracepoint", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 8, "link ids"));
  const auto result = test::in_child([&] {
    auto program = test::load({.type = test::prog_type::raw_tracepoint});
    const raw_tracepoint_options options{.name = "sched_switch", .program = borrow(program)};
    expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); }) > 0);
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: xdp", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "XDP links"));
  const auto result = test::in_child([&] {
    const auto busy = with_generic_xdp();
    auto program = load_xdp();
    test::netns_fixture().run([&] {
      const auto lo = test::ifindex_of("lo");
      const xdp_options options{.interface = index_of(lo), .program = borrow(program), .mode = xdp_mode::generic};
      const auto attached = [&] {
        const int links = faults::links_of(program);
        return test::xdp_of(lo).program_id == (links == 0 ? 0 : test::program_id(program.get())) ? links : -1;
      };
      expect(faults::fail_attach([&] { return attach(options); }, attached) > 0);
    });
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: tracepoint", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 15, "links of perf events"));
  // The process remembers a tracepoint's number, and reads it again where the kernel does not know it.
  const auto may_work = [](const test::system_call& call, int error) {
    return (call.number == SYS_perf_event_open && error == EINVAL) || faults::may_work(call, error);
  };
  // EACCES is what a program hears that reads past the end of the record.
  const auto ended = with_tracefs([&] {
    const auto busy = keep_counting();
    auto program = load_tracepoint();
    const auto options = at_call(borrow(program));
    expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); }, may_work,
                               {{EACCES, errc::invalid_argument}}) > 2 * faults::all_errors().size());
    faults::expect_freed(std::move(program));
  });
  CHECK(ended == "");
}

TEST_CASE("faults: uprobe multi", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  if (lacks_uprobe_multi()) return;
  const auto result = test::in_child([&] {
    auto program =
        test::load({.type = test::prog_type::kprobe, .expected_attach_type = test::attach_type::trace_uprobe_multi});
    const std::array offsets{test::offset_of(test::first_target)};
    const uprobe_multi_options options{.path = "/proc/self/exe", .offsets = offsets, .program = borrow(program)};
    expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); }) > 0);
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

TEST_CASE("faults: raw link", "[faults]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 9, "socket lookup"));
  const auto result = test::in_child([&] {
    const test::netns_fixture netns;
    auto program = load_lookup();
    const raw_link_options options{
        .target = fd_ref{netns.get()}, .hook = attach_type::sk_lookup, .program = borrow(program)};
    expect(faults::fail_attach([&] { return attach(options); }, [&] { return faults::links_of(program); }) > 0);
    faults::expect_freed(std::move(program));
  });
  CHECK(result.failure() == "");
}

}  // namespace bpflink
