// SPDX-License-Identifier: MIT
#include <link.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "programs.hpp"
#include "stops.hpp"
#include "traffic.hpp"

namespace tour {

namespace {

// A function of our own to probe. Not inlined, and with an effect, so that calls stay calls.
[[gnu::noinline]] int probed(int number) {
  asm volatile("" : "+r"(number));
  return number + 1;
}

// Where an address of this program stands in its file: by the program headers, as the kernel wants it.
std::uint64_t file_offset_of(const void* address) {
  struct search {
    std::uintptr_t address;
    std::uint64_t offset;
  } wanted{reinterpret_cast<std::uintptr_t>(address), 0};
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* data) {
        auto* const found = static_cast<search*>(data);
        for (int index = 0; index < object->dlpi_phnum; ++index) {
          const auto& segment = object->dlpi_phdr[index];
          const auto start = object->dlpi_addr + segment.p_vaddr;
          if (segment.p_type != PT_LOAD || found->address < start || found->address >= start + segment.p_memsz)
            continue;
          found->offset = found->address - start + segment.p_offset;
          return 1;
        }
        return 0;
      },
      &wanted);
  return wanted.offset;
}

void fork_once() {
  const auto child = ::fork();
  if (child == 0) ::_exit(0);
  if (child > 0) ::waitpid(child, nullptr, 0);
}

}  // namespace

row iterator_stop(const world&) {
  row shown{.hook = "iterator", .target = "task"};
  const auto instructions = write_process_ids();
  if (!instructions) return missing(shown, "this kernel has no BTF to say where a task keeps its process id");
  const auto dump = load(bpflink::program_type::tracing, *instructions, bpflink::attach_type::trace_iter,
                         bpflink::load_target::name("task"));
  if (!dump) return failed(shown, dump.error());

  const auto link = bpflink::attach(bpflink::iterator_options{.program = *dump});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  auto reader = link->open();
  if (!reader) return failed(shown, reader.error());

  int tasks = 0;
  bool ourselves = false;
  std::array<std::int32_t, 1024> buffer;
  auto rows = reader->rows(buffer);
  while (true) {
    const auto batch = rows.next();
    if (!batch) return failed(shown, batch.error());
    if (batch->empty()) break;
    for (const auto process : *batch) {
      ++tasks;
      ourselves = ourselves || process == ::getpid();
    }
  }
  return saw(shown, ourselves,
             fmt::format("a list of {} tasks, {} among them", tasks, ourselves ? "ourselves" : "not ourselves"));
}

row raw_tracepoint_stop(const world&) {
  row shown{.hook = "raw tracepoint", .target = "sched_process_fork"};
  const counter runs;
  const auto count = load(bpflink::program_type::raw_tracepoint, count_and_return(runs, 0));
  if (!count) return failed(shown, count.error());
  auto link = bpflink::attach(bpflink::raw_tracepoint_options{.name = "sched_process_fork", .program = *count});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  fork_once();
  return saw(shown, runs.value() >= 1, fmt::format("{} fork(s) counted", runs.value()));
}

row tracepoint_stop(const world&) {
  row shown{.hook = "tracepoint", .target = "sched:sched_process_fork"};
  const counter runs;
  const auto count = load(bpflink::program_type::tracepoint, count_and_return(runs, 0));
  if (!count) return failed(shown, count.error());
  auto link = bpflink::attach(
      bpflink::tracepoint_options{.category = "sched", .name = "sched_process_fork", .program = *count});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  fork_once();
  return saw(shown, runs.value() >= 1, fmt::format("{} fork(s) counted", runs.value()));
}

row uprobe_multi_stop(const world&) {
  row shown{.hook = "uprobe multi", .target = "a function of this program"};
  const counter runs;
  const auto count =
      load(bpflink::program_type::kprobe, count_and_return(runs, 0), bpflink::attach_type::trace_uprobe_multi);
  if (!count) return failed(shown, count.error());
  const std::array offsets{file_offset_of(reinterpret_cast<const void*>(&probed))};
  auto link =
      bpflink::attach(bpflink::uprobe_multi_options{.path = "/proc/self/exe", .offsets = offsets, .program = *count});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  int number = 0;
  for (int call = 0; call < 5; ++call) number = probed(number);
  const auto counted = runs.value();
  if (const auto closed = link->close(); !closed) return failed(shown, closed.error());
  number = probed(number);
  const auto more = runs.value() - counted;
  return saw(shown, counted == 5 && more == 0, fmt::format("{} of 5 calls counted; closed: {} more", counted, more));
}

// Any kind of link that this library has no options for, or that is newer than it.
row raw_link_stop(const world& here) {
  row shown{.hook = "raw link cgroup_inet_sock_create", .target = here.cgroup()};
  const counter runs;
  const auto count = load(bpflink::program_type::cgroup_sock, count_and_return(runs, 1),
                          bpflink::attach_type::cgroup_inet_sock_create);
  if (!count) return failed(shown, count.error());
  const auto cgroup = open_directory(here.cgroup());
  auto link = bpflink::attach(bpflink::raw_link_options{
      .target = cgroup, .hook = bpflink::attach_type::cgroup_inet_sock_create, .program = *count});
  if (!link) return failed(shown, link.error());
  describe(shown, *link);
  const auto socket = shared::open_socket(SOCK_DGRAM);
  return saw(shown, runs.value() >= 1, fmt::format("{} socket(s) counted", runs.value()));
}

}  // namespace tour
