// SPDX-License-Identifier: MIT
#pragma once

#include "attachment.hpp"
#include "kernel/bpf.hpp"

namespace bpflink::detail {

// Has the kernel put another object into a bpf_link: a program, or a map where the link has one. Inline for the
// sake of its time (kernel/call.hpp).
template <class Object>
inline kernel::result<void> replace_object(const attachment& held, const Object& next,
                                           const Object* expected_old) noexcept {
  return kernel::link_update({
      .link_fd = kernel::descriptor(held.holder.get()),
      .new_prog_fd = kernel::descriptor(next.fd().get()),
      .flags = expected_old != nullptr ? kernel::flag_replace : 0,
      .old_prog_fd = expected_old != nullptr ? kernel::descriptor(expected_old->fd().get()) : 0,
  });
}

}  // namespace bpflink::detail
