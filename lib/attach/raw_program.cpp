// SPDX-License-Identifier: MIT
#include "bpflink/attach/raw_program.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include "attach/order.hpp"
#include "attach/raw_target.hpp"
#include "attach/rules.hpp"
#include "attached.hpp"
#include "bpflink/features.hpp"
#include "explain/capability.hpp"
#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/order.hpp"
#include "explain/place.hpp"
#include "explain/program.hpp"
#include "failure.hpp"
#include "kernel/bpf.hpp"
#include "word.hpp"

namespace bpflink {

namespace {

using explain::place;
using hooks::target_kind;

constexpr std::array<std::string_view, 3> mode_words{"exclusive", "override", "multi"};

attempt attempted(std::string_view verb, std::string_view joint, attach_type where, const raw_target& target) noexcept {
  const auto words = hooks::describe(target);
  text action{"{} {}", verb, to_string(where)};
  if (to_string(where) == "unknown") action.add(" ({})", static_cast<kernel::u32>(where));
  return {action, words.empty() ? "" : joint, words};
}
attempt attempted(const raw_attach_options& options) noexcept {
  return attempted("attach program at", "to", options.hook, options.target);
}
attempt attempted(const raw_detach_options& options) noexcept {
  return attempted("detach program at", "from", options.hook, options.target);
}

template <class Options>
place place_of(const Options& options) noexcept {
  return {options.target, options.hook, hooks::target_of(options.hook)};
}

bool ordered(attach_type where) noexcept {
  return hooks::target_of(where) == target_kind::interface && where != attach_type::xdp;
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
    const bool told = cgroup || ordered(options.hook);
    return {(told ? kernel::flag_replace : 0) | (options.preorder ? kernel::flag_preorder : 0), 0};
  }
  if (!cgroup) return hooks::placement_of(order_of(options));
  return hooks::placement_in_cgroup(order_of(options), options.expected_revision, options.preorder);
}

kernel::u32 flags_of(const raw_attach_options& options) noexcept {
  return mode_flags_of(options) | placement_of(options).flags;
}

diagnosis bad_option(std::string_view why) noexcept {
  return {errc::invalid_argument, cause::bad_option, text{"{}", why}, {}};
}

// Hooks that are newer than this library may have what it does not know of.
bool may_have_order(attach_type where) noexcept {
  const auto kind = hooks::target_of(where);
  return kind == target_kind::cgroup || kind == target_kind::unknown || ordered(where);
}

// What both calls ask of the program, the target and the revision.
template <class Options>
std::optional<diagnosis> contradiction(const Options& options) noexcept {
  if (!options.program.fd()) return hooks::empty_handle("program");
  // To the kernel descriptor 0 is no program, and what is told to detach none takes away whichever is next.
  if (options.program.fd().get() == 0) return bad_option("the kernel takes descriptor 0 for no program: duplicate it");
  // Another namespace than the calling thread's cannot be named.
  const auto wanted = options.hook == attach_type::flow_dissector ? raw_target::sort::this_netns
                                                                  : hooks::sort_of(hooks::target_of(options.hook));
  if (auto wrong = hooks::misread(options.target, wanted)) return wrong;
  if (!options.expected_revision) return std::nullopt;
  if (!may_have_order(options.hook)) return bad_option("this hook has no revisions");
  if (hooks::says_nothing({}, options.expected_revision)) return hooks::no_order({}, options.expected_revision);
  return std::nullopt;
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
    return hooks::says_nothing(where, {}) ? std::optional{hooks::no_order(where, {})} : std::nullopt;
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

diagnosis why_not_detached(const raw_detach_options& options, kernel::failure failed) noexcept {
  const auto there = place_of(options);
  switch (failed.number) {
    case ENOENT:
      if (auto wrong = explain::unfit_program_at(there, options.program)) return *wrong;
      if (auto gone = explain::unfit_target(there)) return *gone;
      if (auto absent = explain::not_attached(there, options.program)) return *absent;
      if (auto missing = explain::missing_attach_capability(options.hook)) return *missing;
      return {errc::not_found, cause::not_attached, text{"the program is not attached there"}, {}};
    case ESTALE:
      if (options.expected_revision) {
        if (auto stale = explain::refused_order(there, {{}, options.expected_revision}, failed)) return *stale;
      }
      return {errc::conflict, cause::stale_revision, text{"somebody else attached or detached at the same time"},
              text{"try again"}};
    case EBUSY:
      if (auto held = explain::held_by_link(there, options.program)) return *held;
      break;
    default:
      break;
  }
  return explain::refused_at(there, options.program, failed);
}

kernel::prog_attach_attr detach_attr(const raw_detach_options& options) noexcept {
  return {.target = hooks::number_of(options.target),
          .attach_bpf_fd = kernel::descriptor(options.program.fd().get()),
          .attach_type = static_cast<kernel::u32>(options.hook),
          .expected_revision = hooks::number_of(options.expected_revision)};
}

diagnosis why_not_asked(const raw_detach_options& options, kernel::failure failed) noexcept {
  const auto there = place_of(options);
  if (auto wrong = explain::unfit_program_at(there, options.program)) return *wrong;
  if (auto gone = explain::unfit_target(there)) return *gone;
  auto why = diagnose(failed);
  if (failed.number == EINVAL) why = explain::missing_feature(feature::prog_query).value_or(why);
  if (failed.number == EPERM) why = explain::missing_capability({kernel::capability::net_admin}).value_or(why);
  why.hint.add("the kernel might detach another program, and is asked first");
  return why;
}

// In the modes for one program the kernel does not look at which it is told to detach. In mode multi it does.
expected<void> detach_from_cgroup(const raw_detach_options& options) noexcept {
  const auto found = explain::query_cgroup(options.target.descriptor(), options.hook);
  if (!found) {
    return tl::unexpected(make_error(attempted(options), found.error(), why_not_asked(options, found.error())));
  }
  // Kernels that do not tell a revision do not look at one either.
  if (options.expected_revision && !found->revision()) {
    return tl::unexpected(refuse(attempted(options), explain::lacking(feature::cgroup_order)));
  }
  auto attr = detach_attr(options);
  if (found->mode() != attach_mode::multi) {
    const auto id = ask_id_of_program(options.program.fd().get());
    if (!id) return tl::unexpected(make_error(attempted(options), id.error(), why_not_asked(options, id.error())));
    if (!found->contains(*id)) {
      return tl::unexpected(refuse(attempted(options), why_not_detached(options, {operation::prog_detach, ENOENT})));
    }
    // Since 6.17 the kernel sees to it that nothing changes in between.
    if (!options.expected_revision) attr.expected_revision = hooks::number_of(found->revision());
  }
  const auto detached = kernel::prog_detach(attr);
  if (detached) return {};
  return tl::unexpected(make_error(attempted(options), detached.error(), why_not_detached(options, detached.error())));
}

// Before 5.8, as before there were links to namespaces, the kernel does not look at which program a namespace has.
std::optional<bpf_error> not_in_this_netns(const raw_detach_options& options) noexcept {
  if (options.hook != attach_type::flow_dissector || probe(feature::netns_links) != availability::no) {
    return std::nullopt;
  }
  const auto cannot_tell = [&options](kernel::failure failed) {
    return make_error(attempted(options), failed, why_not_asked(options, failed));
  };
  const auto found = explain::attached_at(place_of(options));
  // Before 5.3 nobody tells.
  if (!found && found.error().number == EINVAL) return std::nullopt;
  if (!found) return cannot_tell(found.error());
  const auto id = ask_id_of_program(options.program.fd().get());
  if (!id) return cannot_tell(id.error());
  if (found->contains(*id)) return std::nullopt;
  return refuse(attempted(options), why_not_detached(options, {operation::prog_detach, ENOENT}));
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

expected<void> detach_here(const raw_detach_options& options) noexcept {
  if (hooks::target_of(options.hook) == target_kind::cgroup) return detach_from_cgroup(options);
  if (auto wrong = not_in_this_netns(options)) return tl::unexpected(*std::move(wrong));
  const auto detached = kernel::prog_detach(detach_attr(options));
  if (detached) return {};
  return tl::unexpected(make_error(attempted(options), detached.error(), why_not_detached(options, detached.error())));
}

}  // namespace

expected<void> attach_program(const raw_attach_options& options) noexcept {
  const auto words = [&options] { return attempted(options); };
  if (const auto wrong = contradiction(options)) return tl::unexpected(refuse(words(), *wrong));
  if (const auto wrong = contradiction_in_mode(options)) return tl::unexpected(refuse(words(), *wrong));
  return hooks::in_netns_of(options.target, words, [&options] { return attach_here(options); });
}

expected<void> detach_program(const raw_detach_options& options) noexcept {
  const auto words = [&options] { return attempted(options); };
  if (const auto wrong = contradiction(options)) return tl::unexpected(refuse(words(), *wrong));
  return hooks::in_netns_of(options.target, words, [&options] { return detach_here(options); });
}

}  // namespace bpflink
