// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include "bpflink/fd.hpp"
#include "kernel/abi.hpp"
#include "kernel/result.hpp"

// bpf(2): one function for each command, and nothing that knows a hook.
namespace bpflink::kernel {

// Every attribute structure of link creation begins with link_create_attr.
[[nodiscard]] result<unique_fd> link_create(const link_create_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> link_create(const link_create_iterator_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> link_create(const link_create_perf_event_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> link_create(const link_create_tracing_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> link_create(const link_create_uprobe_multi_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> link_create(const link_create_ordered_attr& attr) noexcept;

[[nodiscard]] result<void> link_update(const link_update_attr& attr) noexcept;
[[nodiscard]] result<void> link_detach(const link_detach_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> iter_create(const iter_create_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> link_get_fd_by_id(u32 id) noexcept;
[[nodiscard]] result<u32> link_get_next_id(u32 after) noexcept;

[[nodiscard]] result<void> prog_attach(const prog_attach_attr& attr) noexcept;
[[nodiscard]] result<void> prog_detach(const prog_attach_attr& attr) noexcept;
// Fills count, attach_flags and revision, also where the answer is ENOSPC.
[[nodiscard]] result<void> prog_query(prog_query_attr& attr) noexcept;
// EAGAIN, which a pending signal causes, is left to the caller.
[[nodiscard]] result<unique_fd> prog_load(const prog_load_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> prog_get_fd_by_id(u32 id) noexcept;

[[nodiscard]] result<unique_fd> raw_tracepoint_open(const raw_tracepoint_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> raw_tracepoint_open(const raw_tracepoint_cookie_attr& attr) noexcept;

[[nodiscard]] result<void> obj_pin(int object, const char* path) noexcept;
[[nodiscard]] result<unique_fd> obj_get(const char* path) noexcept;
// Returns how many bytes the kernel knows.
[[nodiscard]] result<u32> obj_get_info(int object, void* info, u32 size) noexcept;

[[nodiscard]] result<unique_fd> btf_get_fd_by_id(u32 id) noexcept;
[[nodiscard]] result<u32> btf_get_next_id(u32 after) noexcept;

[[nodiscard]] result<unique_fd> map_create(const map_create_attr& attr) noexcept;
[[nodiscard]] result<void> map_update(const map_element_attr& attr) noexcept;
[[nodiscard]] result<unique_fd> map_get_fd_by_id(u32 id) noexcept;

}  // namespace bpflink::kernel
