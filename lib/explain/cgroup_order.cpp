// SPDX-License-Identifier: MIT
#include "explain/cgroup_order.hpp"

#include <cerrno>

#include "attach/order.hpp"
#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/order.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"

namespace bpflink::explain {

namespace {

using access = detail::position_access;
using sort = access::sort;

bool preorders(const cgroup_request& asked) noexcept { return (asked.flags & kernel::flag_preorder) != 0; }
bool by_link(kernel::failure failed) noexcept { return failed.call == operation::link_create; }

std::optional<diagnosis> not_there(const cgroup_request& asked, kernel::failure failed) noexcept {
  return refused_order(place_of(asked), asked.order, {failed.call, ENOENT});
}

// All else was found right: the kernel does not tell which programs are of preorder, but it refuses this for no other
// reason.
diagnosis in_the_other_order(const cgroup_request& asked) noexcept {
  const std::string_view with = preorders(asked) ? "without" : "with";
  return {errc::invalid_argument,
          cause::bad_option,
          text{"{}, which the position is relative to, is attached {} preorder, and so stands in another order",
               describe_anchor(*asked.order.where).view(), with},
          {}};
}

diagnosis other_mechanism(const cgroup_request& asked, std::string_view ours, std::string_view theirs) noexcept {
  return {errc::not_supported, cause::no_such_operation,
          text{"{}, which the position is relative to, is attached {}, and the kernel places programs {} relative to "
               "their like only",
               describe_anchor(*asked.order.where).view(), theirs, ours},
          text{"attach both in the same way"}};
}

constexpr std::string_view with_link = "by link";
constexpr std::string_view without_link = "without a link";

std::optional<diagnosis> unfit_link(const cgroup_request& asked, kernel::failure failed) noexcept {
  const auto link = link_of_anchor(*asked.order.where);
  if (!link) return std::nullopt;
  const auto held = place_of(*link);
  const auto wanted = link_place_of(place_of(asked));
  if (wanted.target == 0) return std::nullopt;  // which cgroup it is cannot be told
  const bool there = held.type == wanted.type && held.where == wanted.where && held.target == wanted.target;
  if (!there) return not_there(asked, failed);
  if (!by_link(failed)) return other_mechanism(asked, without_link, with_link);
  return failed.number == EINVAL ? std::optional{in_the_other_order(asked)} : std::nullopt;
}

// By link, the kernel refuses every program: that its link is looked for was the library's next step.
std::optional<diagnosis> unfit_program_for_link(const cgroup_request& asked, kernel::failure failed,
                                                program_id program) noexcept {
  const auto holder = link_holding_anchor(place_of(asked), asked.order);
  if (!holder) return holder.error();
  // Held by a link, it was named by it in vain.
  if (*holder) return in_the_other_order(asked);
  const auto found = query_cgroup(asked.directory, asked.where);
  if (found && found->contains(program)) return other_mechanism(asked, with_link, without_link);
  return found ? not_there(asked, failed) : std::nullopt;
}

std::optional<diagnosis> unfit_program_without_link(const cgroup_request& asked, kernel::failure failed,
                                                    program_id program) noexcept {
  const auto found = query_cgroup(asked.directory, asked.where);
  if (!found) return std::nullopt;
  if (!found->contains(program)) return not_there(asked, failed);
  if (failed.number == ENOENT) return other_mechanism(asked, without_link, with_link);
  return in_the_other_order(asked);
}

}  // namespace

bool asks_for_order(const cgroup_request& asked) noexcept {
  return asked.order.where || asked.order.expected || preorders(asked);
}

std::optional<diagnosis> missing_order(const cgroup_request& asked, kernel::failure failed) noexcept {
  if (asked.order.where || asked.order.expected) return missing_feature(feature::cgroup_order);
  if (!preorders(asked)) return std::nullopt;
  if (!by_link(failed)) return missing_feature(feature::cgroup_preorder);
  if (probe(feature::cgroup_order) != availability::no) return std::nullopt;
  const auto version = bpflink::since(feature::cgroup_order);
  diagnosis why{
      errc::not_supported,
      cause::missing_feature,
      text{"this kernel has no links with preorder, which came with Linux {}.{}", version.major, version.minor},
      {}};
  if (probe(feature::cgroup_preorder) == availability::yes) why.hint.add("without a link it has preorder");
  return why;
}

std::optional<diagnosis> unfit_order(const cgroup_request& asked, kernel::failure failed) noexcept {
  if (!asked.order.where) return std::nullopt;
  if (auto wrong = unfit_anchor(asked.order)) return wrong;
  switch (access::sort_of(*asked.order.where)) {
    case sort::link:
    case sort::link_by_id:
      return unfit_link(asked, failed);
    case sort::program:
    case sort::program_by_id: {
      const auto program = program_of_anchor(*asked.order.where);
      if (!program) return std::nullopt;
      return by_link(failed) ? unfit_program_for_link(asked, failed, *program)
                             : unfit_program_without_link(asked, failed, *program);
    }
    case sort::none:
    case sort::no_link:
      break;
  }
  return std::nullopt;
}

std::optional<position> by_link_of_anchor(const place& there, const order& asked) noexcept {
  if (!asked.where || there.kind != hooks::target_kind::cgroup || probe(feature::cgroup_order) == availability::no) {
    return std::nullopt;
  }
  const auto link = link_holding_anchor(there, asked);
  if (!link || !*link) return std::nullopt;
  return hooks::beside(*asked.where, **link);
}

diagnosis unnamed_link() noexcept {
  return {errc::not_supported,
          cause::no_such_operation,
          text{"the kernel wants the link of the position's program named"},
          {}};
}

}  // namespace bpflink::explain
