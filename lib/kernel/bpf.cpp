// SPDX-License-Identifier: MIT
#include "kernel/bpf.hpp"

#include <sched.h>

namespace bpflink::kernel {

namespace {

result<u32> next_id(operation which, command what, u32 after) noexcept {
  by_id_attr attr{.id = after};
  const auto found = doing(which, what, attr);
  if (!found) return tl::unexpected(found.error());
  return attr.next_id;
}

}  // namespace

result<unique_fd> link_get_fd_by_id(u32 id) noexcept {
  return opening(operation::link_get_fd_by_id, command::link_get_fd_by_id, by_id_attr{.id = id});
}

result<unique_fd> settled_link_get_fd_by_id(u32 id) noexcept {
  // Until the hook has it, which takes some microseconds.
  constexpr int most_tries = 100;
  for (int tries = 1;; ++tries) {
    auto link = link_get_fd_by_id(id);
    if (link || link.error().number != EAGAIN || tries == most_tries) return link;
    ::sched_yield();
  }
}
result<u32> link_get_next_id(u32 after) noexcept {
  return next_id(operation::link_get_next_id, command::link_get_next_id, after);
}

result<void> prog_attach(const prog_attach_attr& attr) noexcept {
  return doing(operation::prog_attach, command::prog_attach, attr);
}
result<void> prog_detach(const prog_attach_attr& attr) noexcept {
  return doing(operation::prog_detach, command::prog_detach, attr);
}
result<unique_fd> prog_load(const prog_load_attr& attr) noexcept {
  return opening(operation::prog_load, command::prog_load, attr);
}
result<unique_fd> prog_get_fd_by_id(u32 id) noexcept {
  return opening(operation::prog_get_fd_by_id, command::prog_get_fd_by_id, by_id_attr{.id = id});
}

result<unique_fd> btf_get_fd_by_id(u32 id) noexcept {
  return opening(operation::btf_get_fd_by_id, command::btf_get_fd_by_id, by_id_attr{.id = id});
}
result<u32> btf_get_next_id(u32 after) noexcept {
  return next_id(operation::btf_get_next_id, command::btf_get_next_id, after);
}

result<unique_fd> map_create(const map_create_attr& attr) noexcept {
  return opening(operation::map_create, command::map_create, attr);
}
result<unique_fd> map_create(const map_create_struct_ops_attr& attr) noexcept {
  return opening(operation::map_create, command::map_create, attr);
}
result<void> map_update(const map_element_attr& attr) noexcept {
  return doing(operation::map_update, command::map_update_elem, attr);
}
result<void> map_delete(const map_element_attr& attr) noexcept {
  return doing(operation::map_delete, command::map_delete_elem, attr);
}
result<void> map_lookup(const map_element_attr& attr) noexcept {
  return doing(operation::map_lookup, command::map_lookup_elem, attr);
}
result<unique_fd> map_get_fd_by_id(u32 id) noexcept {
  return opening(operation::map_get_fd_by_id, command::map_get_fd_by_id, by_id_attr{.id = id});
}

}  // namespace bpflink::kernel
