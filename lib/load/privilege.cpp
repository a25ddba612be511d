// SPDX-License-Identifier: MIT
#include "load/privilege.hpp"

#include "explain/capability.hpp"
#include "kernel/bpf.hpp"
#include "kernel/limits.hpp"
#include "kernel/release.hpp"
#include "load/types.hpp"

namespace bpflink::loading {

namespace {

using kernel::capability;

constexpr kernel_version capabilities_split_since{5, 8};
constexpr kernel_version memory_cgroups_since{5, 11};
constexpr kernel::u32 array_map = 2;

std::optional<diagnosis> missing_privilege(program_type type) noexcept {
  if (kernel::running_version() < capabilities_split_since) return explain::missing_capability({capability::sys_admin});
  const auto* const facts = facts_of(type);
  switch (facts != nullptr ? facts->needed : privilege::none) {
    case privilege::net_admin:
      return explain::missing_capability({capability::bpf, capability::net_admin});
    case privilege::perfmon:
      return explain::missing_capability({capability::bpf, capability::perfmon});
    case privilege::both:
      return explain::missing_capability({capability::bpf, capability::net_admin, capability::perfmon});
    case privilege::none:
      break;
  }
  return explain::missing_capability({capability::bpf});
}

bool map_is_refused() noexcept {
  const auto map = kernel::map_create({.map_type = array_map, .key_size = 4, .value_size = 4, .max_entries = 1});
  return !map && map.error().number == EPERM;
}

// The limit stands for itself where something small is refused too, or this program is and a small one is not.
std::optional<diagnosis> locked_memory_used_up(const question& asked) noexcept {
  if (kernel::running_version() >= memory_cgroups_since) return std::nullopt;
  const auto limit = kernel::memory_lock_limit();
  if (!limit || limit->bytes == kernel::memory_lock::unlimited) return std::nullopt;
  if (!map_is_refused() && ask(asked) != answer::yes) return std::nullopt;
  return diagnosis{
      errc::permission_denied, cause::memory_lock_limit,
      text{"RLIMIT_MEMLOCK is {} KiB, and before Linux 5.11 programs and maps count against it", limit->bytes / 1024},
      text{"call raise_memory_lock_limit(), or raise it with ulimit -l"}};
}

// A program that takes the same capabilities and is loaded by other rules.
program_type another_with(privilege needed, program_type than) noexcept {
  switch (needed) {
    case privilege::perfmon:
    case privilege::both:
      return than == program_type::raw_tracepoint ? program_type::kprobe : program_type::raw_tracepoint;
    case privilege::net_admin:
      return than == program_type::xdp ? program_type::sched_cls : program_type::xdp;
    case privilege::none:
      break;
  }
  return than == program_type::socket_filter ? program_type::cgroup_skb : program_type::socket_filter;
}

std::optional<diagnosis> refused_to_everybody(const question& asked) noexcept {
  if (ask(asked) != answer::forbidden) return std::nullopt;
  const auto* const facts = facts_of(asked.type);
  const auto needed = facts != nullptr ? facts->needed : privilege::both;
  if (ask({.type = another_with(needed, asked.type)}) == answer::forbidden) {
    return diagnosis{errc::permission_denied,
                     cause::kernel_policy,
                     text{"this process has the capabilities, and is not permitted to load programs all the same: a "
                          "seccomp filter, a security module or lockdown forbids it"},
                     {}};
  }
  return diagnosis{errc::permission_denied,
                   cause::kernel_policy,
                   text{"this process has the capabilities, and other programs load, but this kernel refuses {}",
                        by_trampoline(asked.type, asked.where)
                            ? text{"{} programs that run by a trampoline (fentry, fexit, modify_return, LSM, freplace)",
                                   to_string(asked.type)}
                                  .view()
                            : text{"all {} programs", to_string(asked.type)}.view()},
                   {}};
}

}  // namespace

std::optional<diagnosis> not_permitted(const question& asked) noexcept {
  if (auto why = missing_privilege(asked.type)) return why;
  if (auto why = explain::capability_of_own_user_namespace()) return why;
  if (auto why = locked_memory_used_up(asked)) return why;
  return refused_to_everybody(asked);
}

}  // namespace bpflink::loading
