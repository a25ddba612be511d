// SPDX-License-Identifier: MIT
#include "attach/order.hpp"

namespace bpflink::hooks {

diagnosis no_anchor(const position& where) noexcept {
  using access = detail::position_access;
  switch (access::sort_of(where)) {
    case access::sort::no_link:
      return {errc::not_supported,
              cause::no_such_operation,
              text{"the position is relative to an attachment that is no bpf_link"},
              {}};
    case access::sort::program:
      return {errc::bad_handle, cause::empty_handle, text{"the position's program handle is empty"}, {}};
    default:
      return {errc::bad_handle, cause::empty_handle, text{"the position's link handle is empty"}, {}};
  }
}

}  // namespace bpflink::hooks
