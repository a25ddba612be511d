// SPDX-License-Identifier: MIT
#include "attach/order.hpp"

namespace bpflink::hooks {

diagnosis no_order(const std::optional<position>& where) noexcept {
  using access = detail::position_access;
  if (!where || !says_nothing(where, {})) {
    return {errc::invalid_argument, cause::bad_option, text{"no hook has revision 0, the kernel takes it for any"}, {}};
  }
  if (access::descriptor(*where) && access::descriptor(*where).get() == 0) {
    return {errc::invalid_argument, cause::bad_option,
            text{"the position's descriptor is 0, which the kernel takes for none"},
            text{"duplicate it to another number"}};
  }
  switch (access::sort_of(*where)) {
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
