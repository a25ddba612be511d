// SPDX-License-Identifier: MIT
#pragma once

#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "bpflink/program.hpp"
#include "explain/place.hpp"
#include "failure.hpp"
#include "kernel/abi.hpp"

namespace bpflink::explain {

// What was asked of a cgroup, by a link (which is of mode multi) or without.
struct cgroup_request {
  fd_ref directory;
  attach_type where;
  program_ref program;
  kernel::u32 flags = kernel::flag_allow_multi;
  explain::order order = {};
};

[[nodiscard]] inline place place_of(const cgroup_request& asked) noexcept {
  return {asked.directory, asked.where, hooks::target_kind::cgroup};
}

// Why the kernel did not attach a program to a cgroup.
[[nodiscard]] diagnosis refused_by_cgroup(const cgroup_request& asked, kernel::failure failed) noexcept;

}  // namespace bpflink::explain
