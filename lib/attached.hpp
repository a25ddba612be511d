// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cerrno>
#include <optional>

#include "bpflink/attached.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/abi.hpp"
#include "kernel/bpf.hpp"
#include "kernel/result.hpp"

// What is attached at a hook (BPF_PROG_QUERY).
namespace bpflink {

// A hook to ask about.
struct attached_request {
  // What the kernel tells beside the programs: tcx and netkit their links, cgroups their mode.
  enum class also : std::uint8_t { nothing, links, mode };

  kernel::u32 target;  // a descriptor, or an interface's index in the calling thread's network namespace
  attach_type where;
  also told = also::nothing;
  bool effective = false;  // cgroups: what runs there, those of the cgroups above with it
};

namespace detail {

struct attached_access {
  using also = attached_request::also;

  static std::uint32_t* numbers(attached_programs& all) noexcept {
    return all.more_ ? all.more_.get() : all.numbers_.data();
  }
  [[nodiscard]] static bool grow(attached_programs& all, std::uint32_t wanted) noexcept;

  // Once. Leaves what the kernel wrote in the attributes.
  [[nodiscard]] static kernel::result<void> ask(attached_programs& all, const attached_request& asked,
                                                kernel::prog_query_attr& attr) noexcept {
    attr = {};
    attr.target = asked.target;
    attr.attach_type = static_cast<kernel::u32>(asked.where);
    attr.query_flags = asked.effective ? kernel::flag_query_effective : 0;
    auto* const ids = numbers(all);
    attr.prog_ids = kernel::pointer(ids);
    attr.count = all.room_;
    if (asked.told == also::links) attr.link_ids = kernel::pointer(ids + all.room_);
    // Each with flags that say no more than the cgroup's; only for this hook are they a must.
    if (asked.where == attach_type::lsm_cgroup && !asked.effective) {
      attr.prog_attach_flags = kernel::pointer(ids + all.room_);
    }
    return kernel::prog_query(attr);
  }

  static void keep(attached_programs& all, const attached_request& asked,
                   const kernel::prog_query_attr& answer) noexcept {
    all.count_ = std::min(answer.count, all.room_);
    all.revision_ = answer.revision;
    all.flags_ = answer.attach_flags;
    all.tells_links_ = asked.told == also::links;
    all.tells_mode_ = asked.told == also::mode && !asked.effective;
  }

  // The kernel did not answer: again where that was for want of room, as often as the hook grows meanwhile.
  [[nodiscard]] static kernel::result<void> ask_again(attached_programs& all, const attached_request& asked,
                                                      kernel::prog_query_attr& attr, kernel::failure failed) noexcept;

  static void move(attached_programs& to, attached_programs& from) noexcept;
};

}  // namespace detail

[[nodiscard]] kernel::result<attached_programs> query_attached(const attached_request& asked) noexcept;

// The id of a program, by its descriptor. EINVAL of no call where it is no program's.
[[nodiscard]] kernel::result<program_id> ask_id_of_program(int program) noexcept;
[[nodiscard]] std::optional<program_id> id_of_program(int program) noexcept;

}  // namespace bpflink
