// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstddef>
#include <type_traits>

#include "bpflink/fd.hpp"
#include "kernel/abi.hpp"
#include "kernel/abi_info.hpp"
#include "kernel/call.hpp"
#include "kernel/files.hpp"
#include "kernel/result.hpp"

// bpf(2): one function for each command, and nothing that knows a hook. What operations consist of is inline.
namespace bpflink::kernel {

template <class Attribute>
[[nodiscard]] inline long bpf(command what, Attribute& attr) noexcept {
  return call(SYS_bpf, static_cast<u32>(what), &attr, sizeof attr);
}

// Commands that give a descriptor.
template <class Attribute>
[[nodiscard]] inline result<unique_fd> opening(operation which, command what, const Attribute& attr) noexcept {
  return opened(which, bpf(what, attr));
}

// Commands that give nothing.
template <class Attribute>
[[nodiscard]] inline result<void> doing(operation which, command what, Attribute& attr) noexcept {
  const long answer = bpf(what, attr);
  if (answer < 0) return tl::unexpected(failure{which, static_cast<int>(-answer)});
  return {};
}

// Every attribute structure of link creation begins with link_create_attr.
template <class Attribute>
requires(std::is_same_v<Attribute, link_create_attr> || std::is_same_v<decltype(Attribute::base), link_create_attr>)
    [[nodiscard]] inline result<unique_fd> link_create(const Attribute& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}

[[nodiscard]] inline result<void> link_update(const link_update_attr& attr) noexcept {
  return doing(operation::link_update, command::link_update, attr);
}
// Whether an open descriptor is a link's, asked by an update to no program: of anything else the kernel says that it
// is no link before it misses the program. A tenth of what it takes to read the descriptor's name in /proc. False also
// where that cannot be told.
[[nodiscard]] inline bool is_link(fd_ref descriptor) noexcept {
  constexpr int nothing = -1;
  const link_update_attr attr{.link_fd = kernel::descriptor(descriptor.get()),
                              .new_prog_fd = kernel::descriptor(nothing)};
  const auto updated = link_update(attr);
  return !updated && updated.error().number == EBADF;
}
[[nodiscard]] inline result<void> link_detach(const link_detach_attr& attr) noexcept {
  return doing(operation::link_detach, command::link_detach, attr);
}
[[nodiscard]] inline result<unique_fd> iter_create(const iter_create_attr& attr) noexcept {
  return opening(operation::iter_create, command::iter_create, attr);
}
[[nodiscard]] result<unique_fd> link_get_fd_by_id(u32 id) noexcept;
// The same, waiting a little for one that somebody is making just now (EAGAIN).
[[nodiscard]] result<unique_fd> settled_link_get_fd_by_id(u32 id) noexcept;
[[nodiscard]] result<u32> link_get_next_id(u32 after) noexcept;

[[nodiscard]] result<void> prog_attach(const prog_attach_attr& attr) noexcept;
[[nodiscard]] result<void> prog_detach(const prog_attach_attr& attr) noexcept;
// Fills count, attach_flags and revision, also where the answer is ENOSPC.
[[nodiscard]] inline result<void> prog_query(prog_query_attr& attr) noexcept {
  return doing(operation::prog_query, command::prog_query, attr);
}
// EAGAIN, which a pending signal causes, is left to the caller.
[[nodiscard]] result<unique_fd> prog_load(const prog_load_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> prog_get_fd_by_id(u32 id) noexcept;

[[nodiscard]] inline result<unique_fd> raw_tracepoint_open(const raw_tracepoint_attr& attr) noexcept {
  return opening(operation::raw_tracepoint_open, command::raw_tracepoint_open, attr);
}
[[nodiscard]] inline result<unique_fd> raw_tracepoint_open(const raw_tracepoint_cookie_attr& attr) noexcept {
  return opening(operation::raw_tracepoint_open, command::raw_tracepoint_open, attr);
}

[[nodiscard]] inline result<void> obj_pin(int object, const char* path) noexcept {
  const object_path_attr attr{.pathname = pointer(path), .bpf_fd = descriptor(object)};
  return doing(operation::obj_pin, command::obj_pin, attr);
}
[[nodiscard]] inline result<unique_fd> obj_get(const char* path) noexcept {
  const object_path_attr attr{.pathname = pointer(path)};
  return opening(operation::obj_get, command::obj_get, attr);
}
// What does not change from kernel to kernel, so that its length is no news.
template <class Info>
[[nodiscard]] inline result<void> obj_get_info(int object, Info& info) noexcept {
  const object_info_attr attr{.bpf_fd = descriptor(object), .info_len = sizeof info, .info = pointer(&info)};
  return doing(operation::obj_get_info_by_fd, command::obj_get_info_by_fd, attr);
}
// Returns how many bytes the kernel knows.
[[nodiscard]] inline result<u32> obj_get_info(int object, void* info, u32 size) noexcept {
  object_info_attr attr{.bpf_fd = descriptor(object), .info_len = size, .info = pointer(info)};
  const long answer = bpf(command::obj_get_info_by_fd, attr);
  if (answer < 0) return tl::unexpected(failure{operation::obj_get_info_by_fd, static_cast<int>(-answer)});
  return attr.info_len;
}

[[nodiscard]] result<unique_fd> btf_get_fd_by_id(u32 id) noexcept;
[[nodiscard]] result<u32> btf_get_next_id(u32 after) noexcept;

[[nodiscard]] result<unique_fd> map_create(const map_create_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> map_create(const map_create_struct_ops_attr& attr) noexcept;
[[nodiscard]] result<void> map_update(const map_element_attr& attr) noexcept;
[[nodiscard]] result<void> map_delete(const map_element_attr& attr) noexcept;
// Writes to where `value` points.
[[nodiscard]] result<void> map_lookup(const map_element_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> map_get_fd_by_id(u32 id) noexcept;

}  // namespace bpflink::kernel
