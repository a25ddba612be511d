// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_program.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include "attach/order.hpp"
#include "attach/raw_calls.hpp"
#include "attached.hpp"
#include "bpflink/features.hpp"
#include "explain/feature.hpp"
#include "explain/place.hpp"
#include "explain/program.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "word.hpp"

namespace bpflink {

namespace {

using explain::place;
using hooks::bad_option;
using hooks::may_have_order;
using hooks::place_of;
using hooks::target_kind;

constexpr std::array<std::string_view, 3> mode_words{"exclusive", "override", "multi"};

attempt attempted(const raw_attach_options& options) noexcept {
  return hooks::attempted_without_link("attach program at", "to", options.hook, options.target);
}

// What holds one program only, and takes whatever comes.
bool single(const place& there) noexcept { return there.kind == target_kind::map || there.kind == target_kind::netns; }

std::optional<position> order_of(const raw_attach_options& options) noexcept {
  return options.position ? options.position->order() : std::nullopt;
}
std::optional<program_ref> replaced_by(const raw_attach_options& options) noexcept {
  return options.position ? options.position->replaced() : std::nullopt;
}
explain::order asked_of(const raw_attach_options& options) noexcept {
  return {order_of(options), options.expected_revision};
}

kernel::u32 mode_flags_of(const raw_attach_options& options) noexcept {
  const bool among_others = options.position || options.preorder;
  if (among_others && hooks::target_of(options.hook) == target_kind::cgroup) return kernel::flag_allow_multi;
  switch (options.mode) {
    case attach_mode::override:
      return kernel::flag_allow_override;
    case attach_mode::multi:
      return kernel::flag_allow_multi;
    case attach_mode::exclusive:
      break;
  }
  return 0;
}

hooks::placement placement_of(const raw_attach_options& options) noexcept {
  const bool cgroup = hooks::target_of(options.hook) == target_kind::cgroup;
  if (replaced_by(options)) {
    const bool told = cgroup || hooks::is_ordered_interface(options.hook);
    return {(told ? kernel::flag_replace : 0) | (options.preorder ? kernel::flag_preorder : 0), 0};
  }
  if (!cgroup) return hooks::placement_of(order_of(options));
  return hooks::placement_in_cgroup(order_of(options), options.expected_revision, options.preorder);
}

kernel::u32 flags_of(const raw_attach_options& options) noexcept {
  return mode_flags_of(options) | placement_of(options).flags;
}

std::optional<diagnosis> contradiction_in_mode(const raw_attach_options& options) noexcept {
  const auto kind = hooks::target_of(options.hook);
  const bool may_be_cgroup = kind == target_kind::cgroup || kind == target_kind::unknown;
  if (options.mode != attach_mode::exclusive && !may_be_cgroup) return bad_option("only cgroups have modes");
  if (options.preorder && !may_be_cgroup) return bad_option("only cgroups have preorder");
  if (options.preorder && options.mode == attach_mode::override) return bad_option("preorder is of mode multi only");
  if (options.position && options.mode == attach_mode::override) return bad_option("a position is of mode multi only");
  const auto replaced = replaced_by(options);
  if (!replaced) {
    const auto where = order_of(options);
    if (where && !may_have_order(options.hook)) return bad_option("this hook has no order");
    return hooks::says_nothing(where, {}) ? std::optional{hooks::no_order(where)} : std::nullopt;
  }
  if (!replaced->fd()) return hooks::empty_handle("replaced program");
  if (kind == target_kind::device || kind == target_kind::unknown) {
    return bad_option("the kernel replaces no program at this hook");
  }
  return std::nullopt;
}

// A hook for one program swaps whatever is there: the kernel is asked first.
std::optional<diagnosis> not_the_one_to_replace(const place& there, program_ref replaced) noexcept {
  const auto found = explain::attached_at(there);
  const auto id = id_of_program(replaced.fd().get());
  if (found && id && found->contains(*id)) return std::nullopt;
  auto wrong = explain::unfit_program(replaced, {}, "replaced program");
  if (wrong && wrong->why != cause::wrong_program_type) return wrong;
  if (auto absent = explain::not_attached(there, replaced)) {
    if (absent->why == cause::other_program) absent->code = errc::conflict;
    return absent;
  }
  if (!found) return explain::refused_at(there, replaced, found.error());
  return diagnosis{errc::system, cause::unknown, text{"which program is attached there cannot be told"}, {}};
}

diagnosis why_not_attached(const raw_attach_options& options, kernel::failure failed) noexcept {
  const auto there = place_of(options);
  if (const auto replaced = replaced_by(options)) {
    auto wrong = explain::unfit_program(*replaced, {}, "replaced program");
    const bool unfit = wrong && wrong->why != cause::wrong_program_type;
    if (unfit && (failed.number == EBADF || failed.number == EINVAL)) {
      // The kernel looks at the new program first.
      if (auto worse = explain::unfit_program_at(there, options.program)) return *worse;
      return *wrong;
    }
    if (failed.number == ENOENT) {
      if (auto gone = explain::unfit_target(there)) return *gone;
      if (auto absent = explain::not_attached(there, *replaced)) return *absent;
    }
    if (failed.number == EBUSY) {
      if (auto held = explain::held_by_link(there, *replaced)) return *held;
    }
  }
  return explain::refused_at(there, options.program, failed, flags_of(options), asked_of(options));
}

// Kernels before 6.17 pass over the revision of a cgroup where a program is replaced: no flag goes with it that they
// would refuse.
std::optional<diagnosis> unheeded_revision(const raw_attach_options& options) noexcept {
  if (!options.expected_revision || !replaced_by(options)) return std::nullopt;
  if (hooks::target_of(options.hook) != target_kind::cgroup) return std::nullopt;
  return explain::missing_feature(feature::cgroup_order);
}

}  // namespace

std::string_view to_string(attach_mode mode) noexcept { return word(mode_words, mode); }

namespace {

expected<void> attach_here(const raw_attach_options& options) noexcept {
  const auto refused = [&options](const diagnosis& why) { return tl::unexpected(refuse(attempted(options), why)); };
  const auto replaced = replaced_by(options);
  const auto there = place_of(options);
  if (replaced && single(there)) {
    if (const auto wrong = not_the_one_to_replace(there, *replaced)) return refused(*wrong);
  }
  if (const auto wrong = unheeded_revision(options)) return refused(*wrong);
  const auto place = placement_of(options);
  const auto attached = kernel::prog_attach({
      .target = hooks::number_of(options.target),
      .attach_bpf_fd = kernel::descriptor(options.program.fd().get()),
      .attach_type = static_cast<kernel::u32>(options.hook),
      .attach_flags = mode_flags_of(options) | place.flags,
      .replace_bpf_fd = (place.flags & kernel::flag_replace) != 0 ? kernel::descriptor(replaced->fd().get()) : 0,
      .relative = place.relative,
      .expected_revision = hooks::number_of(options.expected_revision),
  });
  if (attached) return {};
  return tl::unexpected(make_error(attempted(options), attached.error(), why_not_attached(options, attached.error())));
}

}  // namespace

expected<void> attach_program(const raw_attach_options& options) noexcept {
  const auto words = [&options] { return attempted(options); };
  if (const auto wrong = hooks::contradiction(options.target, options.program, options.hook, options.expected_revision))
    return tl::unexpected(refuse(words(), *wrong));
  if (const auto wrong = contradiction_in_mode(options)) return tl::unexpected(refuse(words(), *wrong));
  return hooks::in_netns_of(options.target, words, [&options] { return attach_here(options); });
}

}  // namespace bpflink
