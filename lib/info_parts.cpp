// SPDX-License-Identifier: MIT
#include "info_parts.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <vector>

#include "kernel/bpf.hpp"

namespace bpflink::info_parts {

namespace {

std::optional<bpflink::cookie> told(kernel::u64 value, kernel::u64 untold) noexcept {
  return value == untold ? std::nullopt : std::optional{bpflink::cookie{value}};
}

constexpr kernel::u32 uprobe_flag_return = 1;

}  // namespace

void ask_perf_event(kernel::link_info_raw& raw, std::span<char> name, kernel::u64 untold) noexcept {
  raw.perf_probe.name = kernel::pointer(name.data());
  raw.perf_probe.name_len = static_cast<kernel::u32>(name.size());
  raw.perf_probe.addr_or_cookie = untold;
  raw.perf_probe.missed_or_ref_ctr_offset = untold;
  raw.perf_probe.kprobe_cookie = untold;
}

perf_event_info perf_event(const kernel::link_info_raw& raw, std::span<const char> name, kernel::u64 untold) noexcept {
  const auto number = [untold](kernel::u64 value) { return value == untold ? 0 : value; };
  perf_event_info info;
  info.kind = static_cast<perf_event_kind>(raw.perf_probe.type);
  switch (info.kind) {
    case perf_event_kind::uprobe:
    case perf_event_kind::uretprobe:
      info.name = name.data();
      info.offset = raw.perf_probe.offset;
      info.cookie = told(raw.perf_probe.addr_or_cookie, untold);
      info.semaphore_offset = number(raw.perf_probe.missed_or_ref_ctr_offset);
      break;
    case perf_event_kind::kprobe:
    case perf_event_kind::kretprobe:
      info.name = name.data();
      info.offset = raw.perf_probe.offset;
      info.address = number(raw.perf_probe.addr_or_cookie);
      info.missed = number(raw.perf_probe.missed_or_ref_ctr_offset);
      info.cookie = told(raw.perf_probe.kprobe_cookie, untold);
      break;
    case perf_event_kind::tracepoint:
      info.name = name.data();
      info.cookie = told(raw.perf_probe.addr_or_cookie, untold);
      break;
    case perf_event_kind::event:
      info.event_type = raw.perf_event.event_type;
      info.event_config = raw.perf_event.config;
      info.cookie = told(raw.perf_event.cookie, untold);
      break;
    case perf_event_kind::unspecified:
      break;
  }
  return info;
}

kernel::result<link_info> uprobe_multi(fd_ref link) noexcept {
  // First the count alone: without buffers the kernel takes no sizes. A link's count never changes.
  kernel::link_info_raw raw{};
  const auto counted = kernel::obj_get_info(link.get(), &raw, sizeof raw);
  if (!counted) return tl::unexpected(counted.error());

  const auto count = raw.uprobe_multi.count;
  std::vector<kernel::u64> offsets(count);
  std::vector<kernel::u64> semaphores(count);
  std::vector<kernel::u64> cookies(count);
  // No link has no places: before Linux 6.8 the kernel tells nothing, and its structure ends before these fields.
  std::string path(count != 0 ? PATH_MAX : 0, '\0');
  for (bool with_path = true; count != 0; with_path = false) {
    raw = {};
    if (with_path) {
      raw.uprobe_multi.path = kernel::pointer(path.data());
      raw.uprobe_multi.path_size = static_cast<kernel::u32>(path.size());
    }
    raw.uprobe_multi.offsets = kernel::pointer(offsets.data());
    raw.uprobe_multi.ref_ctr_offsets = kernel::pointer(semaphores.data());
    raw.uprobe_multi.cookies = kernel::pointer(cookies.data());
    raw.uprobe_multi.count = count;
    const auto filled = kernel::obj_get_info(link.get(), &raw, sizeof raw);
    if (filled) break;
    if (!with_path || filled.error().number != ENAMETOOLONG) return tl::unexpected(filled.error());
  }

  link_info info;
  info.type = static_cast<link_type>(raw.type);
  info.id = link_id{raw.id};
  info.program = program_id{raw.prog_id};
  uprobe_multi_info details;
  path.resize(std::min(path.size(), path.find('\0')));
  details.path = std::move(path);
  details.pid = raw.uprobe_multi.pid;
  details.on_return = (raw.uprobe_multi.flags & uprobe_flag_return) != 0;
  if (count != 0) details.places.emplace().reserve(count);
  for (std::size_t index = 0; index < count; ++index) {
    details.places->push_back({offsets[index], semaphores[index], bpflink::cookie{cookies[index]}});
  }
  info.details = std::move(details);
  return info;
}

}  // namespace bpflink::info_parts
