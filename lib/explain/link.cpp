// SPDX-License-Identifier: MIT
#include "explain/link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <span>

#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/capability.hpp"
#include "explain/cgroup.hpp"
#include "explain/feature.hpp"
#include "explain/holder.hpp"
#include "explain/program.hpp"
#include "explain/struct_ops.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"

namespace bpflink::explain {

namespace {

text name_of(link_type type) noexcept {
  text name;
  if (type == link_type::unspecified) return name.add("link");
  if (type == link_type::iterator) return name.add("iterator link");
  for (const char letter : to_string(type)) name.add("{}", letter == '_' ? ' ' : letter);
  return name.add(" link");
}

attempt on_kind(link_type type, std::string_view verb) noexcept {
  return {text{"{} {}", verb, name_of(type).view()}, {}, {}};
}

// What every kernel with links tells without buffers: the header, and where cgroup and similar links are.
// Nothing of an attachment whose descriptor can be none of a link: a map's would be told as one.
std::optional<kernel::link_info_raw> information(const detail::attachment& held) noexcept {
  if (!held.operations->may_be_link) return std::nullopt;
  kernel::link_info_raw raw{};
  constexpr auto size = offsetof(kernel::link_info_raw, bytes) + 16;
  if (!kernel::obj_get_info(held.holder.get(), &raw, size)) return std::nullopt;
  return raw;
}

diagnosis no_such_operation(const kernel::link_info_raw& link) noexcept {
  return {errc::not_supported,
          cause::no_such_operation,
          text{"links of the kind {} have no such operation", to_string(static_cast<link_type>(link.type))},
          {}};
}

// EPERM can say that the expected old program is not the one attached.
std::optional<diagnosis> not_the_expected(const detail::attachment& held, program_ref expected_old) noexcept {
  const auto now = information(held);
  const auto expected = expected_old.info();
  if (!now || !expected || now->prog_id == expected->id.value()) return std::nullopt;
  return diagnosis{errc::conflict,
                   cause::other_program,
                   text{"{} is attached, not the expected {}", describe_program(program_id{now->prog_id}).view(),
                        describe_program(expected_old).view()},
                   {}};
}

// The program types that the attachment takes; nothing where that cannot be told.
struct accepted_types {
  std::array<program_type, 4> types{};
  std::size_t count = 0;
  [[nodiscard]] std::span<const program_type> view() const noexcept { return {types.data(), count}; }
};

accepted_types accepted_by(const detail::attachment& held, const std::optional<kernel::link_info_raw>& now) noexcept {
  accepted_types accepted;
  const auto take = [&accepted](std::span<const program_type> types) {
    accepted.count = std::min(types.size(), accepted.types.size());
    std::copy_n(types.begin(), accepted.count, accepted.types.begin());
  };
  if (!now) {
    // Without a link the hook is known, also where its number is 0.
    const bool by_hook = held.type == link_type::cgroup && held.operations != &detail::link_operations;
    take(by_hook ? hooks::programs_of(static_cast<attach_type>(held.place))
                 : hooks::programs_of(held.type, held.place));
    return accepted;
  }
  const auto place = place_of(*now);
  // The hook of a defunct link is told still, but attach type 0 is a hook, too.
  if (place.type == link_type::cgroup || place.target != 0) {
    take(hooks::programs_of(place.where));
  } else {
    take(hooks::programs_of(place.type, 0));
  }
  if (accepted.count != 0) return accepted;
  // What the link's present program is tells what its next one must be.
  const auto present = program::from_id(program_id{now->prog_id});
  if (const auto info = present ? present->info() : tl::unexpected(present.error()); info) take({&info->type, 1});
  return accepted;
}

// Which kinds take only programs that were loaded for the same hook, or iterator target, as the present one.
std::optional<diagnosis> loaded_for_another(link_type type, program_ref next) noexcept {
  switch (type) {
    case link_type::xdp:
    case link_type::sockmap:
      return diagnosis{errc::wrong_type,
                       cause::wrong_expected_attach_type,
                       text{"{} is of the right type, but was loaded for another attach type than the link's",
                            describe_program(next).view()},
                       {}};
    case link_type::iterator:
      return diagnosis{errc::wrong_type,
                       cause::wrong_expected_attach_type,
                       text{"{} was not loaded for this iterator's target", describe_program(next).view()},
                       {}};
    default:
      return std::nullopt;
  }
}

std::optional<diagnosis> unfit_for_update(const detail::attachment& held, program_ref next,
                                          const program_ref* expected_old, kernel::failure failed) noexcept {
  const bool link = held.operations == &detail::link_operations;
  const auto now = link ? information(held) : std::nullopt;
  const auto accepted = accepted_by(held, now);
  if (auto wrong = unfit_program(next, accepted.view())) {
    if (accepted.count != 0 || wrong->why != cause::wrong_program_type) return wrong;
  }
  if (expected_old != nullptr) {
    auto wrong = unfit_program(*expected_old, {}, "expected old program");
    if (wrong && wrong->why != cause::wrong_program_type) return wrong;
  }
  if (failed.number != EINVAL) return std::nullopt;
  if (!link) {
    const auto where = static_cast<attach_type>(held.place);
    if (held.type != link_type::cgroup || accepted.count == 0) return std::nullopt;
    if (auto twice = attached_already(held.holder, where, next)) return twice;
    return unfit_attach_type(next, where, hooks::attach_types_of(accepted.types.front()));
  }
  if (now && !capabilities_of(static_cast<link_type>(now->type)).update) return no_such_operation(*now);
  return accepted.count != 0 ? loaded_for_another(static_cast<link_type>(now->type), next) : std::nullopt;
}

// Without a link the kernel says ENOENT, where a link's target is gone or our program is.
diagnosis not_there(const detail::attachment& held, kernel::failure failed) noexcept {
  const bool of_the_hook = failed.call == operation::prog_attach || failed.call == operation::prog_detach;
  if (held.operations == &detail::link_operations || !of_the_hook) return diagnose(failed);
  if (held.type == link_type::cgroup && kernel::lacks_entry(held.holder.get(), "cgroup.procs")) {
    return {errc::defunct, cause::target_gone, text{"the cgroup was removed"}, {}};
  }
  return detached_by_others();
}

// A program that is attached in another network namespace is swapped and detached there; where there is room for one
// only, the kernel is asked first whose it is.
std::optional<diagnosis> not_permitted(kernel::failure failed) noexcept {
  if (failed.number != EPERM) return std::nullopt;
  if (failed.call == operation::enter_namespace) return missing_capability({kernel::capability::sys_admin});
  if (failed.call == operation::prog_query) return missing_capability({kernel::capability::net_admin});
  return std::nullopt;
}

// The number was closed behind the handle's back.
diagnosis closed(const detail::attachment& held) noexcept {
  const auto* const what = held.operations == &detail::link_operations ? "link" : "target";
  return {errc::bad_handle,
          cause::closed_descriptor,
          text{"the {}'s descriptor {} is closed", what, held.holder.get()},
          {}};
}

diagnosis of_update(const detail::attachment& held, program_ref next, const program_ref* expected_old,
                    kernel::failure failed) noexcept {
  switch (failed.number) {
    case EPERM:
      if (expected_old != nullptr) {
        if (auto why = not_the_expected(held, *expected_old)) return *why;
      }
      if (auto missing = not_permitted(failed)) return *missing;
      break;
    case ENOLINK:
      return {errc::defunct, cause::target_gone, text{"the link's target is gone, or the link was detached"},
              text{"attach anew"}};
    case ENOENT:
      return not_there(held, failed);
    case EEXIST:
      return {errc::already_exists,
              cause::already_attached,
              text{"{} is attached at this hook already", describe_program(next).view()},
              {}};
    case EOPNOTSUPP:
      if (const auto now = information(held)) return no_such_operation(*now);
      break;
    case EBADF:
      if (kernel::is_closed(held.holder.get())) return closed(held);
      [[fallthrough]];
    case EINVAL:
      if (auto wrong = unfit_for_update(held, next, expected_old, failed)) return *wrong;
      return by_feature(failed, held.operations == &detail::link_operations ? feature::bpf_link : feature::prog_attach);
    default:
      break;
  }
  return diagnose(failed);
}

// Netlink says of XDP EEXIST where another program, or none, is attached, and EBUSY where a link is. Of a filter that
// is gone, or has another program, it says ENOENT.
diagnosis of_program_detach(kernel::failure failed) noexcept {
  if (failed.call == operation::map_delete && failed.number == EINPROGRESS) {
    return {errc::not_found, cause::not_attached, text{"somebody else had unregistered the map already"}, {}};
  }
  const bool gone =
      (failed.call == operation::prog_detach && failed.number == ENOENT) ||
      (failed.call == operation::netlink_set_xdp && (failed.number == EEXIST || failed.number == EBUSY)) ||
      ((failed.call == operation::netlink_get_filter || failed.call == operation::netlink_delete_filter) &&
       failed.number == ENOENT);
  if (!gone) return not_permitted(failed).value_or(diagnose(failed));
  return {errc::not_found, cause::not_attached, text{"somebody else had detached the program already"}, {}};
}

// An update of what the kind has not got: a program where it has a map, or the other way round.
bpf_error has_no(const detail::attachment& held, bool has_other, std::string_view words) noexcept {
  if (!held || !has_other) return cannot(held, "update");
  return refuse(on_kind(held.type, "update"), {errc::not_supported, cause::no_such_operation, text{"{}", words}, {}});
}

}  // namespace

attempt on_link(const detail::attachment& held, std::string_view verb) noexcept {
  auto what = on_kind(held.type, verb);
  if (!held || held.operations != &detail::link_operations) return what;
  if (const auto raw = information(held)) {
    what.joint = "with";
    what.target.add("id {}", raw->id);
  }
  return what;
}

bpf_error update(const detail::attachment& held, program_ref next, const program_ref* expected_old,
                 kernel::failure failed) noexcept {
  return make_error(on_link(held, "update"), failed, of_update(held, next, expected_old, failed));
}

bpf_error update_map(const detail::attachment& held, map_ref next, const map_ref* expected_old,
                     kernel::failure failed) noexcept {
  const auto why = refused_map(information(held), next, expected_old, failed);
  if (failed.call == operation::none) return refuse(on_link(held, "update"), why);
  return make_error(on_link(held, "update"), failed, why);
}

bpf_error detach(const detail::attachment& held, kernel::failure failed) noexcept {
  const auto what = on_link(held, "detach");
  if (failed.number == EOPNOTSUPP) {
    return make_error(what, failed,
                      {errc::not_supported, cause::no_such_operation,
                       text{"links of this kind cannot be detached while anyone holds them"},
                       text{"close every descriptor and pin"}});
  }
  if (held.operations == &detail::link_operations) {
    return make_error(what, failed, by_feature(failed, feature::link_detach));
  }
  return make_error(what, failed, of_program_detach(failed));
}

bpf_error close(link_type type, kernel::failure failed) noexcept {
  return make_error(on_kind(type, "close"), failed, of_program_detach(failed));
}

diagnosis detached() noexcept {
  return {errc::defunct, cause::detached, text{"the program was detached"}, text{"attach anew"}};
}

diagnosis detached_by_others() noexcept {
  return {errc::defunct, cause::detached, text{"somebody else had detached the program already"}, text{"attach anew"}};
}

bpf_error cannot_update(const detail::attachment& held, program_ref next) noexcept {
  if (held && !next.fd()) return refuse_empty(on_kind(held.type, "update"), "program");
  return has_no(held, capabilities_of(held.type).update_map, "what can be swapped is its map");
}

bpf_error cannot_update(const detail::attachment& held, map_ref next) noexcept {
  if (held && !next.fd()) return refuse_empty(on_kind(held.type, "update"), "map");
  return has_no(held, capabilities_of(held.type).update, "what can be swapped is its program");
}

bpf_error cannot(const detail::attachment& held, std::string_view verb) noexcept {
  const auto what = on_kind(held.type, verb);
  if (!held) return refuse_empty(what, "link");
  const auto how = held.operations->name(held);
  const auto words = how == mechanism::link ? text{"links of this kind have no such operation"}
                                            : text{"held by {}: this mechanism has no such operation", to_string(how)};
  return refuse(what, {errc::not_supported, cause::no_such_operation, words, {}});
}

}  // namespace bpflink::explain
