// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

// The kernel's type format (BTF), as far as names are concerned: which id has a type of this kind and name. Reads bytes
// that anyone may have written: whatever they are, nothing outside of them is read, and nothing is allocated.
namespace bpflink::btf {

// The kinds that are looked for, with their numbers in the format.
enum class kind : std::uint8_t { structure = 4, alias = 8, function = 12 };

// A type's header.
struct type {
  std::uint32_t id = 0;
  std::uint32_t name = 0;  // offset in the strings
  unsigned kind_number = 0;
  std::uint32_t target = 0;  // of a pointer, an alias or a qualifier: the id of the type that it is one of
};

// A member of a structure.
struct member {
  std::uint32_t offset = 0;  // in bytes; of a bit-field, of the byte where it begins
  std::uint32_t type = 0;    // its type's id
  std::string_view name;     // in the BTF's bytes
};

class view {
 public:
  // Nothing where this is no BTF in this machine's byte order, or its parts lie outside.
  [[nodiscard]] static std::optional<view> of(std::span<const std::byte> data) noexcept;
  // A module's, whose types and names go on where the kernel's own end. `base` must be whole: see count().
  [[nodiscard]] static std::optional<view> of_split(std::span<const std::byte> data, const view& base) noexcept;

  // The id of the first type of this kind whose name is `prefix` and `name` together; 0 where there is none.
  [[nodiscard]] std::uint32_t find(kind wanted, std::string_view prefix, std::string_view name) const noexcept;
  // The type with this id; nothing where there is none, or one before it cannot be read.
  [[nodiscard]] std::optional<type> at(std::uint32_t id) const noexcept;
  // The member of this name of the structure with this id; nothing where there is none.
  [[nodiscard]] std::optional<member> find_member(std::uint32_t structure, std::string_view name) const noexcept;
  // Shows the members of the structure with this id, in their order, until `seen` answers false.
  template <class Visitor>
  void each_member(std::uint32_t structure, Visitor&& seen) const noexcept {
    for (auto rest = members_of(structure); const auto one = next_member(rest);) {
      if (!seen(*one)) return;
    }
  }
  // Whether the type with this id is a pointer to a function.
  [[nodiscard]] bool is_function_pointer(std::uint32_t id) const noexcept;
  // A type's name; empty where it has none.
  [[nodiscard]] std::string_view name_of(const type& which) const noexcept;

  // Shows every type, in the order of ids, until `seen` answers false. Stops before one of a kind that is newer than
  // this reader, whose size it does not know.
  template <class Visitor>
  void each(Visitor&& seen) const noexcept {
    for (cursor here{types_, first_id_}; here.valid(); here.next()) {
      if (!seen(here.current())) return;
    }
  }
  // How many types there are, those of the base included, but for the one that stands for void.
  [[nodiscard]] std::uint32_t count() const noexcept;
  // Whether all types can be read: where not, a name that is not found may be there all the same.
  [[nodiscard]] bool whole() const noexcept;

 private:
  // Goes from type to type; invalid at the end and before what cannot be read.
  class cursor {
   public:
    cursor(std::span<const std::byte> types, std::uint32_t first_id) noexcept : rest_{types} {
      current_.id = first_id;
      read();
    }
    [[nodiscard]] bool valid() const noexcept { return size_ != 0; }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    [[nodiscard]] const type& current() const noexcept { return current_; }
    // What follows the type's header.
    [[nodiscard]] std::span<const std::byte> trailer() const noexcept;
    void next() noexcept {
      rest_ = rest_.subspan(size_);
      ++current_.id;
      read();
    }

   private:
    void read() noexcept;

    std::span<const std::byte> rest_;
    type current_;
    std::size_t size_ = 0;
  };

  view(std::span<const std::byte> types, std::string_view strings) noexcept : types_{types}, strings_{strings} {}
  [[nodiscard]] std::string_view rest_of_strings(std::uint32_t offset) const noexcept;
  [[nodiscard]] std::string_view name_at(std::uint32_t offset) const noexcept;
  // The records of a structure's members; empty where it is none.
  [[nodiscard]] std::span<const std::byte> members_of(std::uint32_t structure) const noexcept;
  // The first of them, which is taken off; nothing at the end.
  [[nodiscard]] std::optional<member> next_member(std::span<const std::byte>& records) const noexcept;
  // What an alias or a qualifier is one of, in the end.
  [[nodiscard]] std::optional<type> plain_type(std::uint32_t id) const noexcept;

  std::span<const std::byte> types_;
  std::string_view strings_;
  std::string_view base_strings_;  // the offsets before strings_
  std::uint32_t first_id_ = 1;
};

}  // namespace bpflink::btf
