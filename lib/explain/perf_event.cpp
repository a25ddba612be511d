// SPDX-License-Identifier: MIT
#include "explain/perf_event.hpp"

#include <array>

#include "explain/feature.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

std::optional<diagnosis> no_perf_event(fd_ref target) noexcept {
  std::array<char, 64> name{};
  const auto path = kernel::name_of(target.get(), name);
  if (!path || *path == "anon_inode:[perf_event]") return std::nullopt;
  return diagnosis{errc::invalid_argument, cause::not_a_perf_event, text{"the target is no perf event"}, {}};
}

diagnosis unfit_event_program(kernel::failure failed) noexcept {
  auto why = by_feature(failed, feature::perf_links);
  why.hint.add(
      "a tracepoint takes tracepoint programs, a kprobe or uprobe takes kprobe programs, any other event perf_event "
      "programs");
  return why;
}

diagnosis taken_event(program_ref program) noexcept {
  diagnosis why{errc::busy, cause::slot_taken, text{"the event has a program already"}, {}};
  const auto info = program.info();
  // Of these the kernel says the same where another event of the tracepoint has this very program.
  if (info && info->type == program_type::tracepoint) {
    why.reason.add(", or its tracepoint has this one by another event");
  }
  return why;
}

}  // namespace bpflink::explain
