// SPDX-License-Identifier: MIT
#include "attach/ordered_interface.hpp"

#include <cerrno>

#include "explain/feature.hpp"
#include "explain/order.hpp"

namespace bpflink::hooks {

bpf_error ill_formed(const attempt& what, const ordered_attach& asked) noexcept {
  if (!asked.program.fd()) return refuse_empty(what, "program");
  return refuse(what, no_order(asked.order));
}

bpf_error no_such_hook(const attempt& what) noexcept {
  return refuse(what, {errc::invalid_argument, cause::bad_option, text{"interfaces have no such hook"}, {}});
}

diagnosis why_no_link(const ordered_attach& asked, feature needed, kernel::failure failed) noexcept {
  const explain::place there{asked.interface, asked.where, target_kind::interface};
  const bool unclear = failed.number == EINVAL || failed.number == E2BIG;
  if (unclear || failed.number == EBADF) {
    if (auto wrong = explain::unfit_program_at(there, asked.program)) return *wrong;
    if (auto missing = explain::missing_feature(needed)) return *missing;
  }
  if (auto why = explain::refused_order(there, {asked.order, asked.expected}, failed)) return *why;
  return unclear ? explain::by_feature(failed, needed) : explain::refused_at(there, asked.program, failed);
}

}  // namespace bpflink::hooks
