// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "bpflink/bpflink.hpp"
#include "kept.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"
#include "support/raw_bpf.hpp"

// Links whose end makes one wait for others in the kernel: only how they begin is measured.
namespace bpflink::bench {

namespace {

constexpr std::uint64_t probe_offset = 4096;

struct owned {
  explicit owned(int descriptor) : number(descriptor) {}
  owned(const owned&) = delete;
  owned& operator=(const owned&) = delete;
  ~owned() { ::close(number); }
  int number;
};

/// A program can be at a tracepoint once only.
std::array<int, keepable> tracepoint_programs(sides& of) {
  std::array<int, keepable> loaded{};
  for (int& program : loaded) program = of.keep(test::load({.type = test::prog_type::tracepoint})).get();
  return loaded;
}

int attach_event(std::uint64_t id, int program) {
  const int event = done(raw::tracepoint_event(id), "opening the event");
  const int link = done(raw::perf_link_create(program, event), "attaching");
  done(::close(event), "closing");  // the link holds it
  return link;
}

sides attach_tracepoint(stage& on) {
  sides all;
  const auto id = on.tracepoint_id();
  all.keep(test::fd{attach_event(id, all.keep(test::load({.type = test::prog_type::tracepoint})).get())});
  all.raw = kept(
      [programs = tracepoint_programs(all), id](std::size_t nth) { return owned{attach_event(id, programs[nth])}; });
  all.ours = kept([programs = tracepoint_programs(all)](std::size_t nth) {
    auto link = attach(tracepoint_options{
        .category = stage::tracepoint_category, .name = stage::tracepoint, .program = fd_ref{programs[nth]}});
    check(link);
    return link;
  });
#if BPFLINK_BENCH_LIBBPF
  static const auto its = [] {
    std::array<bpf_program*, keepable> loaded{};
    for (auto*& program : loaded) program = libbpf::load("tracepoint", test::return_value(0));
    return loaded;
  }();
  all.libbpf = kept([](std::size_t nth) {
    auto* const link = bpf_program__attach_tracepoint(its[nth], stage::tracepoint_category, stage::tracepoint);
    return libbpf::link_owner{libbpf::made(link, "attaching")};
  });
#endif
  return all;
}

sides attach_uprobe_multi(stage& on) {
  sides all;
  const auto path = on.files / "probed";
  const auto file = test::must(test::open_file(path, O_RDWR | O_CREAT), "making the file to probe");
  if (::ftruncate(file.get(), 4 * probe_offset) != 0) failed("making the file to probe");
  const int program = all.keep(test::load({.type = test::prog_type::kprobe,
                                           .expected_attach_type = test::attach_type::trace_uprobe_multi}))
                          .get();
  const std::uint64_t elsewhere = 2 * probe_offset;
  all.keep(test::fd{done(raw::uprobe_multi_create(program, path.c_str(), &elsewhere, 1), "attaching")});
  all.raw = kept([program, path](std::size_t) {
    const std::uint64_t offset = probe_offset;
    return owned{done(raw::uprobe_multi_create(program, path.c_str(), &offset, 1), "attaching")};
  });
  all.ours = kept([program, path](std::size_t) {
    const std::uint64_t offset = probe_offset;
    auto link = attach(uprobe_multi_options{.path = path, .offsets = {&offset, 1}, .program = fd_ref{program}});
    check(link);
    return link;
  });
  // libbpf has it since 1.3, which is younger than what is built with here.
  return all;
}

}  // namespace

void add_events(std::vector<row>& rows) {
  rows.push_back(
      {"tracepoint: attach", [] { return test::needs_kernel(5, 15, "perf event links"); }, attach_tracepoint});
  rows.push_back(
      {"uprobe multi: attach", [] { return test::needs_kernel(6, 6, "uprobe multi links"); }, attach_uprobe_multi});
}

}  // namespace bpflink::bench
