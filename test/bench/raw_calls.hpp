// SPDX-License-Identifier: MIT
// bpf(2) and nothing around it: what an operation costs at least.
#pragma once

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "support/constants.hpp"

namespace bpflink::bench::raw {

inline std::uint64_t address_of(const void* pointer) noexcept { return reinterpret_cast<std::uintptr_t>(pointer); }
inline std::uint32_t number_of(int descriptor) noexcept { return static_cast<std::uint32_t>(descriptor); }

template <class Attribute>
int bpf(std::uint32_t command, Attribute& attribute) noexcept {
  return static_cast<int>(::syscall(SYS_bpf, command, &attribute, sizeof attribute));
}

inline int link_create(int program, std::uint32_t target, std::uint32_t type) noexcept {
  struct {
    std::uint32_t program, target, type, flags;
  } attribute{number_of(program), target, type, 0};
  return bpf(test::command::link_create, attribute);
}

/// In an order (tcx, cgroup).
inline int ordered_link_create(int program, std::uint32_t target, std::uint32_t type, std::uint32_t order,
                               int relative) noexcept {
  struct {
    std::uint32_t program, target, type, flags, relative, padding;
    std::uint64_t revision;
  } attribute{number_of(program), target, type, order, number_of(relative), 0, 0};
  return bpf(test::command::link_create, attribute);
}

inline int netfilter_link_create(int program, std::uint32_t family, std::uint32_t hook,
                                 std::int32_t priority) noexcept {
  struct {
    std::uint32_t program, target, type, flags, family, hook;
    std::int32_t priority;
    std::uint32_t netfilter_flags;
  } attribute{number_of(program), 0, test::attach_type::netfilter, 0, family, hook, priority, 0};
  return bpf(test::command::link_create, attribute);
}

inline int perf_link_create(int program, int event) noexcept {
  struct {
    std::uint32_t program, target, type, flags;
    std::uint64_t cookie;
  } attribute{number_of(program), number_of(event), test::attach_type::perf_event, 0, 0};
  return bpf(test::command::link_create, attribute);
}

inline int uprobe_multi_create(int program, const char* path, const std::uint64_t* offsets,
                               std::uint32_t count) noexcept {
  struct {
    std::uint32_t program, target, type, flags;
    std::uint64_t path, offsets, counters, cookies;
    std::uint32_t count, probe_flags, process, padding;
  } attribute{number_of(program),
              0,
              test::attach_type::trace_uprobe_multi,
              0,
              address_of(path),
              address_of(offsets),
              0,
              0,
              count,
              0,
              0,
              0};
  return bpf(test::command::link_create, attribute);
}

inline int map_iterator_create(int program, int map) noexcept {
  const std::uint32_t parameters = number_of(map);
  struct {
    std::uint32_t program, target, type, flags;
    std::uint64_t parameters;
    std::uint32_t size, padding;
  } attribute{number_of(program), 0, test::attach_type::trace_iter, 0, address_of(&parameters), sizeof parameters, 0};
  return bpf(test::command::link_create, attribute);
}

inline int raw_tracepoint_open(const char* name, int program) noexcept {
  struct {
    std::uint64_t name;
    std::uint32_t program, padding;
  } attribute{address_of(name), number_of(program), 0};
  return bpf(test::command::raw_tracepoint_open, attribute);
}

inline int iterator_open(int link) noexcept {
  struct {
    std::uint32_t link, flags;
  } attribute{number_of(link), 0};
  return bpf(test::command::iter_create, attribute);
}

inline int link_update(int link, int program) noexcept {
  struct {
    std::uint32_t link, program, flags, old_program;
  } attribute{number_of(link), number_of(program), 0, 0};
  return bpf(test::command::link_update, attribute);
}

inline int prog_attach(int program, std::uint32_t target, std::uint32_t type, std::uint32_t flags) noexcept {
  struct {
    std::uint32_t target, program, type, flags;
  } attribute{target, number_of(program), type, flags};
  return bpf(test::command::prog_attach, attribute);
}

inline int prog_detach(int program, std::uint32_t target, std::uint32_t type) noexcept {
  struct {
    std::uint32_t target, program, type, flags;
  } attribute{target, number_of(program), type, 0};
  return bpf(test::command::prog_detach, attribute);
}

/// The number of programs at a hook, whose ids and links go to where there is room for so many. The kernel writes the
/// revision behind any shorter attribute, too.
inline int prog_query(std::uint32_t target, std::uint32_t type, std::uint32_t* programs, std::uint32_t room,
                      std::uint32_t* links = nullptr) noexcept {
  struct {
    std::uint32_t target, type, query_flags, attach_flags;
    std::uint64_t programs;
    std::uint32_t count, padding;
    std::uint64_t program_flags, links, link_flags, revision;
  } attribute{target, type, 0, 0, address_of(programs), room, 0, 0, address_of(links), 0, 0};
  const int answer = bpf(test::command::prog_query, attribute);
  return answer < 0 ? answer : static_cast<int>(attribute.count);
}

inline int link_detach(int link) noexcept {
  std::uint32_t attribute = number_of(link);
  return bpf(test::command::link_detach, attribute);
}

inline int pin(int object, const char* path) noexcept {
  struct {
    std::uint64_t path;
    std::uint32_t object, flags;
  } attribute{address_of(path), number_of(object), 0};
  return bpf(test::command::obj_pin, attribute);
}

inline int open_pinned(const char* path) noexcept {
  struct {
    std::uint64_t path;
    std::uint32_t object, flags;
  } attribute{address_of(path), 0, 0};
  return bpf(test::command::obj_get, attribute);
}

inline int info(int object, void* into, std::uint32_t size) noexcept {
  struct {
    std::uint32_t object, size;
    std::uint64_t into;
  } attribute{number_of(object), size, address_of(into)};
  return bpf(test::command::obj_get_info_by_fd, attribute);
}

inline int map_update(int map, const void* key, const void* value) noexcept {
  struct {
    std::uint32_t map, padding;
    std::uint64_t key, value, flags;
  } attribute{number_of(map), 0, address_of(key), address_of(value), 0};
  return bpf(test::command::map_update_elem, attribute);
}

inline int map_lookup(int map, const void* key, void* into) noexcept {
  struct {
    std::uint32_t map, padding;
    std::uint64_t key, value, flags;
  } attribute{number_of(map), 0, address_of(key), address_of(into), 0};
  return bpf(test::command::map_lookup_elem, attribute);
}

/// An event on a tracepoint, for every task.
inline int tracepoint_event(std::uint64_t id) noexcept {
  perf_event_attr attribute{};
  attribute.type = PERF_TYPE_TRACEPOINT;
  attribute.size = sizeof attribute;
  attribute.config = id;
  return static_cast<int>(::syscall(SYS_perf_event_open, &attribute, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace bpflink::bench::raw
