// SPDX-License-Identifier: MIT
#include "explain/struct_ops_map.hpp"

#include <algorithm>
#include <cstring>

#include "btf/objects.hpp"
#include "btf/reader.hpp"
#include "explain/map.hpp"
#include "kernel/bpf.hpp"
#include "kernel/files.hpp"
#include "kernel/memory.hpp"

namespace bpflink::explain {

namespace {

constexpr std::string_view value_prefix = "bpf_struct_ops_";

std::optional<kernel::memory> value_of(fd_ref map, kernel::u32 size) noexcept {
  auto room = kernel::memory::of_size(size);
  if (!room || size < sizeof(kernel::struct_ops_value_head)) return std::nullopt;
  const kernel::u32 key = 0;
  const auto found = kernel::map_lookup({.map_fd = kernel::descriptor(map.get()),
                                         .key = kernel::pointer(&key),
                                         .value = kernel::pointer(room->bytes().data())});
  if (!found) return std::nullopt;
  return room;
}

}  // namespace

bool is_struct_ops_map(fd_ref map) noexcept {
  const auto info = told_of_map(map);
  return info && info->type == kernel::map_type_struct_ops;
}

std::optional<struct_ops_map> struct_ops_map_of(fd_ref map) noexcept {
  const auto info = told_of_map(map);
  if (!info || info->type != kernel::map_type_struct_ops) return std::nullopt;
  struct_ops_map found{.info = *info, .state = std::nullopt, .name = {}};
  if (const auto value = value_of(map, info->value_size)) {
    kernel::struct_ops_value_head head{};
    std::memcpy(&head, value->bytes().data(), sizeof head);
    found.state = head.state;
    found.name = name_in(value->bytes(), info->btf_vmlinux_value_type_id);
  }
  return found;
}

std::optional<struct_ops_map> struct_ops_map_of(kernel::u32 id) noexcept {
  const auto map = kernel::map_get_fd_by_id(id);
  return map ? struct_ops_map_of(fd_ref{*map}) : std::nullopt;
}

bounded_string<64> name_in(std::span<const std::byte> value, kernel::u32 type) noexcept {
  const auto data = btf::of_kernel();
  const auto types = data ? btf::view::of(data->bytes()) : std::nullopt;
  const auto table = types ? types->find_member(type, "data") : std::nullopt;
  const auto name = table ? types->find_member(table->type, "name") : std::nullopt;
  if (!name || std::size_t{table->offset} + name->offset >= value.size()) return {};
  const auto rest = value.subspan(std::size_t{table->offset} + name->offset);
  const std::string_view characters{reinterpret_cast<const char*>(rest.data()), std::min<std::size_t>(rest.size(), 63)};
  return bounded_string<64>{characters.substr(0, characters.find('\0'))};
}

bounded_string<64> table_of(kernel::u32 type) noexcept {
  const auto data = btf::of_kernel();
  const auto types = data ? btf::view::of(data->bytes()) : std::nullopt;
  const auto found = types ? types->at(type) : std::nullopt;
  if (!found) return {};
  auto name = types->name_of(*found);
  if (name.starts_with(value_prefix)) name.remove_prefix(value_prefix.size());
  return bounded_string<64>{name};
}

text describe_map(const kernel::map_info_raw& info) noexcept {
  const std::string_view name{info.name.data(), ::strnlen(info.name.data(), info.name.size())};
  return name.empty() ? text{"map with id {}", info.id} : text{"map '{}' (id {})", name, info.id};
}

text describe_map(fd_ref map) noexcept {
  const auto info = told_of_map(map);
  return info ? describe_map(*info) : text{"map (descriptor {})", map.get()};
}

std::optional<diagnosis> unfit_struct_ops_map(fd_ref map, std::string_view which) noexcept {
  if (auto wrong = no_map(map, which)) return wrong;
  const auto info = told_of_map(map);
  if (!info || info->type == kernel::map_type_struct_ops) return std::nullopt;
  return diagnosis{errc::wrong_type,
                   cause::wrong_map_type,
                   text{"the {} is of type {}, not of struct_ops ({})", which, info->type, kernel::map_type_struct_ops},
                   {}};
}

std::optional<diagnosis> unready_struct_ops_map(fd_ref map) noexcept {
  const auto found = struct_ops_map_of(map);
  if (!found) return std::nullopt;
  if ((found->info.map_flags & kernel::map_flag_link) == 0) {
    return diagnosis{errc::invalid_argument, cause::not_a_link_map,
                     text{"the map was made without BPF_F_LINK: it registers itself when it is filled, and by no link"},
                     text{"make it with BPF_F_LINK (libbpf: in the section .struct_ops.link)"}};
  }
  if (found->state == kernel::struct_ops_not_filled) {
    return diagnosis{errc::invalid_argument, cause::map_not_filled, text{"the map has no value yet"},
                     text{"give attach the value, or fill the map before"}};
  }
  return std::nullopt;
}

}  // namespace bpflink::explain
