// SPDX-License-Identifier: MIT
#include <cerrno>
#include <utility>

#include "attach/raw_calls.hpp"
#include "attached.hpp"
#include "bpflink/attach/raw_program.hpp"
#include "bpflink/features.hpp"
#include "explain/capability.hpp"
#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/order.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"

namespace bpflink {

namespace {

using hooks::place_of;
using hooks::target_kind;

attempt attempted(const raw_detach_options& options) noexcept {
  return hooks::attempted_without_link("detach program at", "from", options.hook, options.target);
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
    case EINVAL:
      // A namespace whose flow dissector a link holds.
      if (there.where != attach_type::flow_dissector) break;
      if (auto wrong = explain::unfit_program_at(there, options.program)) return *wrong;
      if (auto absent = explain::not_attached(there, options.program)) return *absent;
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
  // Before 5.2 nobody tells.
  if (!found && found.error().number == EINVAL) return std::nullopt;
  if (!found) return cannot_tell(found.error());
  const auto id = ask_id_of_program(options.program.fd().get());
  if (!id) return cannot_tell(id.error());
  if (found->contains(*id)) return std::nullopt;
  return refuse(attempted(options), why_not_detached(options, {operation::prog_detach, ENOENT}));
}

expected<void> detach_here(const raw_detach_options& options) noexcept {
  if (hooks::target_of(options.hook) == target_kind::cgroup) return detach_from_cgroup(options);
  if (auto wrong = not_in_this_netns(options)) return tl::unexpected(*std::move(wrong));
  const auto detached = kernel::prog_detach(detach_attr(options));
  if (detached) return {};
  return tl::unexpected(make_error(attempted(options), detached.error(), why_not_detached(options, detached.error())));
}

}  // namespace

expected<void> detach_program(const raw_detach_options& options) noexcept {
  const auto words = [&options] { return attempted(options); };
  if (const auto wrong = hooks::contradiction(options.target, options.program, options.hook, options.expected_revision))
    return tl::unexpected(refuse(words(), *wrong));
  return hooks::in_netns_of(options.target, words, [&options] { return detach_here(options); });
}

}  // namespace bpflink
