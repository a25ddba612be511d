// SPDX-License-Identifier: MIT
#include "vmlinux_btf.hpp"

#include <unistd.h>

#include <bit>
#include <cstring>
#include <stdexcept>

#include "fd.hpp"

namespace bpflink::test {

namespace {

constexpr const char* btf_file = "/sys/kernel/btf/vmlinux";

enum kind : std::uint32_t {
  integer = 1,
  pointer,
  array,
  struct_type,
  union_type,
  enumeration,
  forward,
  alias,
  is_volatile,
  is_const,
  is_restrict,
  function_type,
  prototype,
  variable,
  section,
  floating,
  declaration_tag,
  type_tag,
  enumeration64,
};

constexpr std::uint32_t set_of(std::initializer_list<kind> kinds) {
  std::uint32_t set = 0;
  for (const kind k : kinds) set |= 1U << k;
  return set;
}
constexpr std::uint32_t structures = set_of({struct_type, union_type});
constexpr std::uint32_t enumerations = set_of({enumeration, enumeration64});
constexpr std::uint32_t named = structures | enumerations | set_of({alias, function_type});

constexpr std::size_t type_size = 12;
constexpr std::size_t member_size = 12;

// How many bytes follow a type.
std::size_t trailer(std::uint32_t kind, std::uint32_t length) {
  switch (kind) {
    case integer:
    case variable:
    case declaration_tag:
      return 4;
    case array:
      return 12;
    case struct_type:
    case union_type:
    case section:
    case enumeration64:
      return std::size_t{12} * length;
    case enumeration:
    case prototype:
      return std::size_t{8} * length;
    default:
      return 0;
  }
}

std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 2166136261U;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
  return value;
}

}  // namespace

struct vmlinux_btf::record {
  const char* start;

  [[nodiscard]] std::uint32_t word(std::size_t index) const {
    std::uint32_t value = 0;
    std::memcpy(&value, start + index * sizeof(value), sizeof(value));
    return value;
  }
  [[nodiscard]] std::uint32_t name() const { return word(0); }
  [[nodiscard]] std::uint32_t kind() const { return (word(1) >> 24U) & 0x1fU; }
  [[nodiscard]] std::uint32_t length() const { return word(1) & 0xffffU; }
  [[nodiscard]] bool flag() const { return (word(1) >> 31U) != 0; }
  [[nodiscard]] bool is(std::uint32_t kinds) const { return ((kinds >> kind()) & 1U) != 0; }
  [[nodiscard]] std::uint32_t size_or_type() const { return word(2); }
};

std::string needs_vmlinux_btf() {
  return ::access(btf_file, R_OK) == 0 ? std::string() : std::string("needs ") + btf_file;
}

const vmlinux_btf& vmlinux_btf::get() {
  static const vmlinux_btf read;
  return read;
}

vmlinux_btf::vmlinux_btf() : data_(read_file(btf_file)) {
  const record header{data_.data()};
  if ((header.word(0) & 0xffffU) != 0xeb9fU) throw std::runtime_error("no BTF of this machine's byte order");
  const std::size_t start = header.word(1);
  const std::size_t end = start + header.word(2) + header.word(3);
  strings_ = start + header.word(4);
  types_.reserve(1U << 17U);
  types_.push_back(0);  // id 0 is void
  for (std::size_t at = start + header.word(2); at + type_size <= end;) {
    types_.push_back(static_cast<std::uint32_t>(at));
    const record type{data_.data() + at};
    at += type_size + trailer(type.kind(), type.length());
  }
  make_index();
}

void vmlinux_btf::make_index() {
  buckets_.resize(std::bit_ceil(types_.size() * 2));
  for (std::uint32_t id = 1; id < types_.size(); ++id) {
    const record type = at(id);
    if (!type.is(named) || type.name() == 0) continue;
    std::size_t bucket = hash(text(type.name())) & (buckets_.size() - 1);
    while (buckets_[bucket] != 0) bucket = (bucket + 1) & (buckets_.size() - 1);
    buckets_[bucket] = id;
  }
}

vmlinux_btf::record vmlinux_btf::at(std::uint32_t id) const { return {data_.data() + types_.at(id)}; }

std::string_view vmlinux_btf::text(std::uint32_t offset) const { return data_.data() + strings_ + offset; }

std::optional<std::uint32_t> vmlinux_btf::find(std::uint32_t kinds, std::string_view name) const {
  std::size_t bucket = hash(name) & (buckets_.size() - 1);
  for (; buckets_[bucket] != 0; bucket = (bucket + 1) & (buckets_.size() - 1)) {
    const record type = at(buckets_[bucket]);
    if (type.is(kinds) && text(type.name()) == name) return buckets_[bucket];
  }
  return {};
}

std::optional<std::uint32_t> vmlinux_btf::function(std::string_view name) const {
  return find(set_of({function_type}), name);
}
std::optional<std::uint32_t> vmlinux_btf::structure(std::string_view name) const { return find(structures, name); }
std::optional<std::uint32_t> vmlinux_btf::type_alias(std::string_view name) const {
  return find(set_of({alias}), name);
}

// Looks through typedefs and qualifiers.
std::uint32_t vmlinux_btf::resolve(std::uint32_t id) const {
  constexpr std::uint32_t transparent = set_of({alias, is_volatile, is_const, is_restrict, type_tag});
  while (id != 0 && at(id).is(transparent)) id = at(id).size_or_type();
  return id;
}

std::uint32_t vmlinux_btf::size_in_bytes(std::uint32_t id) const {
  const std::uint32_t resolved = resolve(id);
  if (resolved == 0) return 0;
  const record type = at(resolved);
  if (type.kind() == array) return type.word(5) * size_in_bytes(type.word(3));
  if (type.kind() == pointer) return sizeof(void*);
  return type.is(structures | enumerations | set_of({integer, floating, section})) ? type.size_or_type() : 0;
}

std::optional<std::uint32_t> vmlinux_btf::size_of(std::string_view name) const {
  auto id = find(structures | enumerations, name);
  if (!id) id = type_alias(name);
  if (!id) return {};
  return size_in_bytes(*id);
}

// The name's place and the value of an enum's i-th enumerator.
std::pair<std::uint32_t, std::int64_t> vmlinux_btf::enumerator_at(record type, std::size_t i) {
  const bool wide = type.kind() == enumeration64;
  const std::size_t first = 3 + i * (wide ? 3 : 2);
  const std::uint64_t low = type.word(first + 1);
  if (!wide) return {type.word(first), static_cast<std::int32_t>(low)};
  return {type.word(first), static_cast<std::int64_t>(low | (std::uint64_t{type.word(first + 2)} << 32U))};
}

std::vector<vmlinux_btf::enumerator> vmlinux_btf::enumerators(std::string_view enumeration_name) const {
  std::vector<enumerator> found;
  const auto id = find(enumerations, enumeration_name);
  if (!id) return found;
  const record type = at(*id);
  for (std::size_t i = 0; i < type.length(); ++i) {
    const auto [name, value] = enumerator_at(type, i);
    found.push_back({std::string(text(name)), value});
  }
  return found;
}

std::optional<std::int64_t> vmlinux_btf::value_of(std::string_view enumerator_name) const {
  for (std::uint32_t id = 1; id < types_.size(); ++id) {
    const record type = at(id);
    if (!type.is(enumerations)) continue;
    for (std::size_t i = 0; i < type.length(); ++i) {
      const auto [name, value] = enumerator_at(type, i);
      if (text(name) == enumerator_name) return value;
    }
  }
  return {};
}

std::optional<vmlinux_btf::member> vmlinux_btf::find_member(std::string_view structure_name,
                                                            std::string_view path) const {
  const auto id = structure(structure_name);
  if (!id) return {};
  return find_in(*id, path, 0);
}

std::optional<std::uint32_t> vmlinux_btf::member_index(std::string_view structure_name, std::string_view name) const {
  const auto id = structure(structure_name);
  if (!id) return {};
  const record type = at(*id);
  for (std::uint32_t i = 0; i < type.length(); ++i) {
    if (text(type.word(3 + i * member_size / sizeof(std::uint32_t))) == name) return i;
  }
  return {};
}

std::optional<vmlinux_btf::member> vmlinux_btf::find_in(std::uint32_t id, std::string_view path,
                                                        std::uint32_t base) const {
  const record type = at(id);
  if (!type.is(structures)) return {};
  const std::string_view wanted = path.substr(0, path.find('.'));
  const std::string_view rest = wanted.size() == path.size() ? std::string_view() : path.substr(wanted.size() + 1);
  for (std::size_t i = 0; i < type.length(); ++i) {
    const std::size_t first = 3 + i * member_size / sizeof(std::uint32_t);
    const std::uint32_t target = resolve(type.word(first + 1));
    const std::uint32_t place = type.word(first + 2);
    const std::uint32_t offset = base + (type.flag() ? place & 0xffffffU : place);
    const std::string_view name = text(type.word(first));
    if (name.empty()) {
      if (auto inner = find_in(target, path, offset)) return inner;
    } else if (name == wanted) {
      if (!rest.empty()) return find_in(target, rest, offset);
      const std::uint32_t bits = type.flag() ? place >> 24U : 0;
      return member{offset, bits != 0 ? bits : 8 * size_in_bytes(target)};
    }
  }
  return {};
}

}  // namespace bpflink::test
