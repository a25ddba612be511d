// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bpflink::test {

/// For SKIP_IF: empty where /sys/kernel/btf/vmlinux can be read.
std::string needs_vmlinux_btf();

/// The running kernel's types.
class vmlinux_btf {
 public:
  struct enumerator {
    std::string name;
    std::int64_t value = 0;
  };
  struct member {
    std::uint32_t bit_offset = 0;
    std::uint32_t bit_size = 0;  // 8 * size but for bit-fields

    [[nodiscard]] std::uint32_t offset() const { return bit_offset / 8; }
    [[nodiscard]] std::uint32_t size() const { return bit_size / 8; }
  };

  /// Read once in a process; throws where it cannot be.
  static const vmlinux_btf& get();

  /// Of the enum of this name, in order; empty where there is none.
  [[nodiscard]] std::vector<enumerator> enumerators(std::string_view enumeration) const;
  /// Of an enumerator in whichever enum, also one without a name.
  [[nodiscard]] std::optional<std::int64_t> value_of(std::string_view enumerator) const;

  /// The id of a function, a struct or union, an enum, a typedef; nothing where there is none.
  [[nodiscard]] std::optional<std::uint32_t> function(std::string_view name) const;
  [[nodiscard]] std::optional<std::uint32_t> structure(std::string_view name) const;
  [[nodiscard]] std::optional<std::uint32_t> type_alias(std::string_view name) const;

  /// In bytes, of a struct or union (by name, "bpf_attr"), or of what a typedef of this name stands for.
  [[nodiscard]] std::optional<std::uint32_t> size_of(std::string_view name) const;
  /// A member by its path, such as "link_create.tcx.relative_fd" of "bpf_attr": structs and unions without a name are
  /// looked through.
  [[nodiscard]] std::optional<member> find_member(std::string_view structure, std::string_view path) const;
  /// Which member, from 0, of a struct this is.
  [[nodiscard]] std::optional<std::uint32_t> member_index(std::string_view structure, std::string_view name) const;

 private:
  vmlinux_btf();
  struct record;
  [[nodiscard]] static std::pair<std::uint32_t, std::int64_t> enumerator_at(record type, std::size_t i);
  [[nodiscard]] record at(std::uint32_t id) const;
  [[nodiscard]] std::string_view text(std::uint32_t offset) const;
  [[nodiscard]] std::uint32_t resolve(std::uint32_t id) const;
  [[nodiscard]] std::uint32_t size_in_bytes(std::uint32_t id) const;
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t kinds, std::string_view name) const;
  [[nodiscard]] std::optional<member> find_in(std::uint32_t id, std::string_view path, std::uint32_t base) const;
  void make_index();

  std::string data_;
  std::size_t strings_ = 0;
  std::vector<std::uint32_t> types_;    // by id: where in data_
  std::vector<std::uint32_t> buckets_;  // hash of name: id
};

}  // namespace bpflink::test
