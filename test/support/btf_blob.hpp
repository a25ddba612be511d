// SPDX-License-Identifier: MIT
// BTF made by hand: for a program's own types, and to be read back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bpflink::test {

class btf_blob {
 public:
  enum kind : std::uint32_t {
    integer = 1,
    pointer = 2,
    array = 3,
    structure = 4,
    union_ = 5,
    enumeration = 6,
    forward = 7,
    alias = 8,
    volatile_ = 9,
    constant = 10,
    restrict_ = 11,
    function = 12,
    prototype = 13,
    variable = 14,
    section = 15,
    floating = 16,
    declaration_tag = 17,
    type_tag = 18,
    enumeration64 = 19,
  };

  /// Of a module, ids and string offsets go on where those of the base end.
  explicit btf_blob(std::uint32_t types_before = 0, std::uint32_t strings_before = 0)
      : count_{types_before}, strings_before_{strings_before}, strings_(strings_before == 0 ? 1 : 0, '\0') {}

  /// Adds a type and returns its id. `more` are the words behind its header.
  std::uint32_t add(std::uint32_t number, std::string_view name, std::uint32_t size_or_type = 0,
                    std::initializer_list<std::uint32_t> more = {}, std::uint32_t members = 0) {
    types_.insert(types_.end(), {text(name), number << 24U | members, size_or_type});
    types_.insert(types_.end(), more);
    return ++count_;
  }
  /// int NAME(void), with the types that it takes.
  std::uint32_t add_function(std::string_view name) {
    const auto result = add(integer, "int", 4, {32U | 1U << 24U});
    return add(function, name, add(prototype, "", result), {}, 1);
  }

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::uint32_t strings_size() const {
    return strings_before_ + static_cast<std::uint32_t>(strings_.size());
  }
  [[nodiscard]] std::vector<std::byte> bytes() const {
    const auto types_size = static_cast<std::uint32_t>(types_.size() * sizeof(std::uint32_t));
    const auto strings_size = static_cast<std::uint32_t>(strings_.size());
    const std::uint32_t header[] = {0x0001'eb9fU, 24, 0, types_size, types_size, strings_size};
    std::vector<std::byte> all(sizeof header + types_size + strings_size);
    std::memcpy(all.data(), header, sizeof header);
    if (types_size != 0) std::memcpy(all.data() + sizeof header, types_.data(), types_size);
    if (strings_size != 0) std::memcpy(all.data() + sizeof header + types_size, strings_.data(), strings_size);
    return all;
  }

 private:
  std::uint32_t text(std::string_view name) {
    if (name.empty()) return 0;
    const auto offset = strings_size();
    strings_.append(name);
    strings_ += '\0';
    return offset;
  }

  std::uint32_t count_;
  std::uint32_t strings_before_;
  std::string strings_;
  std::vector<std::uint32_t> types_;
};

}  // namespace bpflink::test
