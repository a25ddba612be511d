// SPDX-License-Identifier: MIT
#include "btf/reader.hpp"

namespace bpflink::btf {

namespace {

struct header {
  std::uint16_t magic;
  std::uint8_t version;
  std::uint8_t flags;
  std::uint32_t header_size;
  std::uint32_t types_offset;  // from the header's end
  std::uint32_t types_size;
  std::uint32_t strings_offset;
  std::uint32_t strings_size;
};
static_assert(sizeof(header) == 24);

struct type_header {
  std::uint32_t name;
  std::uint32_t info;
  std::uint32_t size_or_type;
};

constexpr std::uint16_t magic = 0xeb9f;
constexpr std::size_t unknown = ~std::size_t{0};

// What follows a type's header: so many bytes, and so many more for each member.
struct extent {
  std::size_t fixed = unknown;
  std::size_t each = 0;
};

constexpr extent extents[] = {
    {},       // 0: void, which is not written down
    {4, 0},   // 1: integer
    {0, 0},   // 2: pointer
    {12, 0},  // 3: array
    {0, 12},  // 4: struct
    {0, 12},  // 5: union
    {0, 8},   // 6: enum
    {0, 0},   // 7: forward declaration
    {0, 0},   // 8: typedef
    {0, 0},   // 9: volatile
    {0, 0},   // 10: const
    {0, 0},   // 11: restrict
    {0, 0},   // 12: function
    {0, 8},   // 13: prototype
    {4, 0},   // 14: variable
    {0, 12},  // 15: section
    {0, 0},   // 16: floating-point number
    {4, 0},   // 17: tag of a declaration
    {0, 0},   // 18: tag of a type
    {0, 12},  // 19: enum of 64 bits
};

constexpr unsigned pointer_kind = 2;
constexpr unsigned prototype_kind = 13;
constexpr bool is_qualifier(unsigned number) noexcept { return (number >= 8 && number <= 11) || number == 18; }

constexpr unsigned kind_in(std::uint32_t info) noexcept { return (info >> 24U) & 0x1fU; }
constexpr std::size_t members_in(std::uint32_t info) noexcept { return info & 0xffffU; }

// The part of the data, if it is all inside.
bool cut(std::span<const std::byte> data, std::uint64_t offset, std::uint64_t size,
         std::span<const std::byte>& part) noexcept {
  if (offset > data.size() || size > data.size() - offset) return false;
  part = data.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
  return true;
}

}  // namespace

std::optional<view> view::of(std::span<const std::byte> data) noexcept {
  header head{};
  if (data.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, data.data(), sizeof head);
  if (head.magic != magic || head.version != 1 || head.header_size < sizeof head) return std::nullopt;

  std::span<const std::byte> types;
  std::span<const std::byte> strings;
  if (!cut(data, std::uint64_t{head.header_size} + head.types_offset, head.types_size, types) ||
      !cut(data, std::uint64_t{head.header_size} + head.strings_offset, head.strings_size, strings)) {
    return std::nullopt;
  }
  return view{types, {reinterpret_cast<const char*>(strings.data()), strings.size()}};
}

std::optional<view> view::of_split(std::span<const std::byte> data, const view& base) noexcept {
  auto split = of(data);
  if (!split) return std::nullopt;
  split->base_strings_ = base.strings_;
  split->first_id_ = base.count() + 1;
  return split;
}

void view::cursor::read() noexcept {
  size_ = 0;
  type_header head{};
  if (rest_.size() < sizeof head) return;
  std::memcpy(&head, rest_.data(), sizeof head);
  const auto number = kind_in(head.info);
  if (number >= std::size(extents) || extents[number].fixed == unknown) return;
  const auto size = sizeof head + extents[number].fixed + members_in(head.info) * extents[number].each;
  if (size > rest_.size()) return;
  current_.name = head.name;
  current_.kind_number = number;
  current_.target = head.size_or_type;
  size_ = size;
}

std::string_view view::rest_of_strings(std::uint32_t offset) const noexcept {
  if (offset < base_strings_.size()) return base_strings_.substr(offset);
  const auto own = offset - base_strings_.size();
  return own < strings_.size() ? strings_.substr(own) : std::string_view{};
}

std::string_view view::name_at(std::uint32_t offset) const noexcept {
  const auto rest = rest_of_strings(offset);
  const auto end = rest.find('\0');
  return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

std::string_view view::name_of(const type& which) const noexcept { return name_at(which.name); }

std::span<const std::byte> view::cursor::trailer() const noexcept {
  return rest_.subspan(sizeof(type_header), size_ - sizeof(type_header));
}

std::span<const std::byte> view::members_of(std::uint32_t structure) const noexcept {
  cursor here{types_, first_id_};
  while (here.valid() && here.current().id != structure) here.next();
  if (!here.valid() || here.current().kind_number != static_cast<unsigned>(kind::structure)) return {};
  return here.trailer();
}

std::optional<member> view::next_member(std::span<const std::byte>& records) const noexcept {
  struct record {
    std::uint32_t name;
    std::uint32_t type;
    std::uint32_t offset;  // in bits; above the low 24 a bit-field has its size
  };
  record one{};
  if (records.size() < sizeof one) return std::nullopt;
  std::memcpy(&one, records.data(), sizeof one);
  records = records.subspan(sizeof one);
  constexpr std::uint32_t bit_offset = 0xffffffU;
  return member{(one.offset & bit_offset) / 8, one.type, name_at(one.name)};
}

std::optional<member> view::find_member(std::uint32_t structure, std::string_view name) const noexcept {
  std::optional<member> found;
  each_member(structure, [&](const member& one) {
    if (one.name == name) found = one;
    return !found;
  });
  return found;
}

std::optional<type> view::plain_type(std::uint32_t id) const noexcept {
  // No chain of qualifiers is so long, but one that bites its tail.
  constexpr int longest = 32;
  for (int step = 0; step < longest; ++step) {
    const auto one = at(id);
    if (!one || !is_qualifier(one->kind_number)) return one;
    id = one->target;
  }
  return std::nullopt;
}

bool view::is_function_pointer(std::uint32_t id) const noexcept {
  const auto pointer = plain_type(id);
  if (!pointer || pointer->kind_number != pointer_kind) return false;
  const auto target = plain_type(pointer->target);
  return target && target->kind_number == prototype_kind;
}

std::uint32_t view::find(kind wanted, std::string_view prefix, std::string_view name) const noexcept {
  std::uint32_t found = 0;
  const auto length = prefix.size() + name.size();
  each([&](const type& one) {
    if (one.kind_number != static_cast<unsigned>(wanted)) return true;
    const auto text = rest_of_strings(one.name);
    if (text.size() <= length || text[length] != '\0') return true;
    if (!text.starts_with(prefix) || text.substr(prefix.size(), name.size()) != name) return true;
    found = one.id;
    return false;
  });
  return length == 0 ? 0 : found;
}

std::optional<type> view::at(std::uint32_t id) const noexcept {
  std::optional<type> found;
  each([&](const type& one) {
    if (one.id == id) found = one;
    return one.id != id;
  });
  return found;
}

std::uint32_t view::count() const noexcept {
  auto last = first_id_ - 1;
  each([&last](const type& one) {
    last = one.id;
    return true;
  });
  return last;
}

bool view::whole() const noexcept {
  cursor here{types_, first_id_};
  while (here.valid()) here.next();
  return here.at_end();
}

}  // namespace bpflink::btf
