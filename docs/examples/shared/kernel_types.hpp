// SPDX-License-Identifier: MIT
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace shared {

struct btf_deleter {
  void operator()(::btf* types) const { ::btf__free(types); }
};
using btf_owner = std::unique_ptr<::btf, btf_deleter>;

struct member {
  std::uint32_t index = 0;
  std::int16_t offset = 0;  // in bytes, as instructions take it
};

// A member of a structure of this kernel's, by the kernel's own BTF.
inline std::optional<member> find_member(const ::btf* types, const char* structure, std::string_view name) {
  const auto id = ::btf__find_by_name_kind(types, structure, BTF_KIND_STRUCT);
  if (id < 0) return std::nullopt;
  const auto* const type = ::btf__type_by_id(types, static_cast<__u32>(id));
  const auto* const members = ::btf_members(type);
  for (std::uint32_t index = 0; index < ::btf_vlen(type); ++index) {
    if (::btf__name_by_offset(types, members[index].name_off) != name) continue;
    return member{index, static_cast<std::int16_t>(::btf_member_bit_offset(type, index) / 8)};
  }
  return std::nullopt;
}

}  // namespace shared
