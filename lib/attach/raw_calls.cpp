// SPDX-License-Identifier: MIT
#include "attach/raw_calls.hpp"

namespace bpflink::hooks {

attempt attempted_without_link(std::string_view verb, std::string_view joint, attach_type where,
                               const raw_target& target) noexcept {
  const auto words = describe(target);
  return {text{"{} {}", verb, describe(where).view()}, words.empty() ? "" : joint, words};
}

diagnosis bad_option(std::string_view why) noexcept {
  return {errc::invalid_argument, cause::bad_option, text{"{}", why}, {}};
}

bool is_ordered_interface(attach_type where) noexcept {
  return target_of(where) == target_kind::interface && where != attach_type::xdp;
}

bool may_have_order(attach_type where) noexcept {
  const auto kind = target_of(where);
  return kind == target_kind::cgroup || kind == target_kind::unknown || is_ordered_interface(where);
}

std::optional<diagnosis> contradiction(const raw_target& target, program_ref program, attach_type where,
                                       const std::optional<revision>& expected) noexcept {
  if (!program.fd()) return empty_handle("program");
  // To the kernel descriptor 0 is no program, and what is told to detach none takes away whichever is next.
  if (program.fd().get() == 0) return bad_option("the kernel takes descriptor 0 for no program: duplicate it");
  // Another namespace than the calling thread's cannot be named.
  const auto wanted = where == attach_type::flow_dissector ? raw_target::sort::this_netns : sort_of(target_of(where));
  if (auto wrong = misread(target, wanted)) return wrong;
  if (!expected) return std::nullopt;
  if (!may_have_order(where)) return bad_option("this hook has no revisions");
  if (says_nothing({}, expected)) return no_order({});
  return std::nullopt;
}

}  // namespace bpflink::hooks
