// SPDX-License-Identifier: MIT
#include "explain/link.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include "attach/rules.hpp"
#include "attachment.hpp"
#include "explain/feature.hpp"
#include "explain/program.hpp"
#include "kernel/bpf.hpp"

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

std::optional<kernel::link_info_raw> header(const detail::attachment& held) noexcept {
  kernel::link_info_raw raw{};
  if (!kernel::obj_get_info(held.holder.get(), &raw, offsetof(kernel::link_info_raw, bytes))) return std::nullopt;
  return raw;
}

// EPERM says that the expected old program is not the one attached, and nothing else.
std::optional<diagnosis> not_the_expected(const detail::attachment& held, program_ref expected_old) noexcept {
  const auto now = header(held);
  const auto expected = expected_old.info();
  if (!now || !expected || now->prog_id == expected->id.value()) return std::nullopt;
  return diagnosis{errc::conflict,
                   cause::other_program,
                   text{"{} is attached, not the expected {}", describe_program(program_id{now->prog_id}).view(),
                        describe_program(expected_old).view()},
                   {}};
}

// What the link's present program is tells what its next one must be.
std::optional<diagnosis> unlike_present(const detail::attachment& held, program_ref next) noexcept {
  if (auto wrong = unfit_program(next, {})) {
    if (wrong->why != cause::wrong_program_type) return wrong;
  }
  const auto now = header(held);
  const auto next_info = next.info();
  if (!now || !next_info) return std::nullopt;
  const auto accepted = hooks::programs_of(static_cast<link_type>(now->type), held.place);
  if (!accepted.empty()) return unfit_program(next, accepted);
  const auto present = program::from_id(program_id{now->prog_id});
  if (!present) return std::nullopt;
  const auto present_info = present->info();
  if (!present_info) return std::nullopt;
  return unfit_program(next, {&present_info->type, 1});
}

diagnosis of_update(const detail::attachment& held, program_ref next, const program_ref* expected_old,
                    kernel::failure failed) noexcept {
  switch (failed.number) {
    case EPERM:
      if (expected_old != nullptr) {
        if (auto why = not_the_expected(held, *expected_old)) return *why;
        return {errc::conflict, cause::other_program, text{"another program than the expected one is attached"}, {}};
      }
      break;
    case ENOLINK:
      return {errc::defunct, cause::target_gone, text{"the link's target is gone, or the link was detached"},
              text{"attach anew"}};
    case EEXIST:
      return {errc::already_exists,
              cause::already_attached,
              text{"{} is attached at this hook already", describe_program(next).view()},
              {}};
    case EBADF:
    case EINVAL:
      if (auto wrong = unlike_present(held, next)) return *wrong;
      if (expected_old != nullptr) {
        auto wrong = unfit_program(*expected_old, {}, "expected old program");
        if (wrong && wrong->why != cause::wrong_program_type) return *wrong;
      }
      if (auto missing = missing_feature(feature::bpf_link)) return *missing;
      if (failed.number == EINVAL && capabilities_of(held.type).update) {
        return {errc::wrong_type,
                cause::wrong_expected_attach_type,
                text{"{} is of the right type, but was loaded for another attach type than the link's",
                     describe_program(next).view()},
                {}};
      }
      break;
    default:
      break;
  }
  return diagnose(failed);
}

}  // namespace

attempt on_link(const detail::attachment& held, std::string_view verb) noexcept {
  auto what = on_kind(held.type, verb);
  if (!held || held.operations != &detail::link_operations) return what;
  if (const auto raw = header(held)) {
    what.joint = "with";
    what.target.add("id {}", raw->id);
  }
  return what;
}

bpf_error update(const detail::attachment& held, program_ref next, const program_ref* expected_old,
                 kernel::failure failed) noexcept {
  return make_error(on_link(held, "update"), failed, of_update(held, next, expected_old, failed));
}

bpf_error detach(const detail::attachment& held, kernel::failure failed) noexcept {
  const auto what = on_link(held, "detach");
  if (failed.number == EOPNOTSUPP) {
    return make_error(what, failed,
                      {errc::not_supported, cause::no_such_operation,
                       text{"links of this kind cannot be detached while anyone holds them"},
                       text{"close every descriptor and pin"}});
  }
  if (auto missing = failed.number == EINVAL ? missing_feature(feature::link_detach) : std::nullopt) {
    return make_error(what, failed, *missing);
  }
  return make_error(what, failed);
}

bpf_error close(link_type type, kernel::failure failed) noexcept {
  auto why = diagnose(failed);
  if (failed.call == operation::prog_detach && failed.number == ENOENT) {
    why = {errc::not_found, cause::not_attached, text{"somebody else had detached the program already"}, {}};
  }
  return make_error(on_kind(type, "close"), failed, why);
}

bpf_error cannot_update(const detail::attachment& held, program_ref next) noexcept {
  if (held && !next.fd()) return refuse_empty(on_kind(held.type, "update"), "program");
  return cannot(held, "update");
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
