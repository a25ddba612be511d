// SPDX-License-Identifier: MIT
#include "kernel/bpf.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

template <class Attribute>
long bpf(command what, Attribute& attr) noexcept {
  return ::syscall(SYS_bpf, static_cast<unsigned>(what), &attr, sizeof attr);
}

template <class Attribute>
result<unique_fd> opening(operation call, command what, const Attribute& attr) noexcept {
  const long raw = bpf(what, attr);
  if (raw < 0) return tl::unexpected(failure{call, errno});
  if (raw > last_standard_stream) return unique_fd::adopt(static_cast<int>(raw));
  return above_standard_streams(unique_fd::adopt(static_cast<int>(raw)));
}

template <class Attribute>
result<void> doing(operation call, command what, Attribute& attr) noexcept {
  if (bpf(what, attr) < 0) return tl::unexpected(failure{call, errno});
  return {};
}

result<u32> next_id(operation call, command what, u32 after) noexcept {
  by_id_attr attr{.id = after};
  if (bpf(what, attr) < 0) return tl::unexpected(failure{call, errno});
  return attr.next_id;
}

}  // namespace

result<unique_fd> link_create(const link_create_attr& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}
result<unique_fd> link_create(const link_create_iterator_attr& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}
result<unique_fd> link_create(const link_create_perf_event_attr& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}
result<unique_fd> link_create(const link_create_tracing_attr& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}
result<unique_fd> link_create(const link_create_uprobe_multi_attr& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}
result<unique_fd> link_create(const link_create_ordered_attr& attr) noexcept {
  return opening(operation::link_create, command::link_create, attr);
}

result<void> link_update(const link_update_attr& attr) noexcept {
  return doing(operation::link_update, command::link_update, attr);
}
result<void> link_detach(const link_detach_attr& attr) noexcept {
  return doing(operation::link_detach, command::link_detach, attr);
}
result<unique_fd> iter_create(const iter_create_attr& attr) noexcept {
  return opening(operation::iter_create, command::iter_create, attr);
}
result<unique_fd> link_get_fd_by_id(u32 id) noexcept {
  return opening(operation::link_get_fd_by_id, command::link_get_fd_by_id, by_id_attr{.id = id});
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
result<void> prog_query(prog_query_attr& attr) noexcept {
  return doing(operation::prog_query, command::prog_query, attr);
}
result<unique_fd> prog_load(const prog_load_attr& attr) noexcept {
  return opening(operation::prog_load, command::prog_load, attr);
}
result<unique_fd> prog_get_fd_by_id(u32 id) noexcept {
  return opening(operation::prog_get_fd_by_id, command::prog_get_fd_by_id, by_id_attr{.id = id});
}

result<unique_fd> raw_tracepoint_open(const raw_tracepoint_attr& attr) noexcept {
  return opening(operation::raw_tracepoint_open, command::raw_tracepoint_open, attr);
}
result<unique_fd> raw_tracepoint_open(const raw_tracepoint_cookie_attr& attr) noexcept {
  return opening(operation::raw_tracepoint_open, command::raw_tracepoint_open, attr);
}

result<void> obj_pin(int object, const char* path) noexcept {
  const object_path_attr attr{.pathname = pointer(path), .bpf_fd = descriptor(object)};
  return doing(operation::obj_pin, command::obj_pin, attr);
}
result<unique_fd> obj_get(const char* path) noexcept {
  return opening(operation::obj_get, command::obj_get, object_path_attr{.pathname = pointer(path)});
}
result<u32> obj_get_info(int object, void* info, u32 size) noexcept {
  object_info_attr attr{.bpf_fd = descriptor(object), .info_len = size, .info = pointer(info)};
  if (bpf(command::obj_get_info_by_fd, attr) < 0) return tl::unexpected(failure{operation::obj_get_info_by_fd, errno});
  return attr.info_len;
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
result<void> map_update(const map_element_attr& attr) noexcept {
  return doing(operation::map_update, command::map_update_elem, attr);
}
result<unique_fd> map_get_fd_by_id(u32 id) noexcept {
  return opening(operation::map_get_fd_by_id, command::map_get_fd_by_id, by_id_attr{.id = id});
}

}  // namespace bpflink::kernel
