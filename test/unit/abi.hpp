// SPDX-License-Identifier: MIT
// Our enumerations and structures against the running kernel's.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/kernel_version.hpp"
#include "support/vmlinux_btf.hpp"

namespace bpflink::test {

/// Up to this kernel the library claims to know everything that the kernel's enumerations have.
inline constexpr kernel_version newest_known{6, 18};

/// An enumerator of ours by the kernel's name, and the version that brought it; {} for what is older than BTF.
template <class Enumeration>
struct known {
  const char* name;
  Enumeration ours;
  kernel_version since{};
};

[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string small(text);
  for (char& letter : small) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return small;
}

/// Every one of ours has the kernel's value, or is newer than this kernel.
template <class Enumeration>
void check_values(std::string_view enumeration, std::span<const known<Enumeration>> ours) {
  const auto theirs = vmlinux_btf::get().enumerators(enumeration);
  for (const auto& row : ours) {
    INFO(row.name);
    const auto found =
        std::find_if(theirs.begin(), theirs.end(), [&](const auto& one) { return one.name == row.name; });
    if (found == theirs.end()) {
      CHECK(row.since > running_kernel());
    } else {
      CHECK(found->value == static_cast<std::int64_t>(row.ours));
    }
  }
}

/// Every one of the kernel's that begins with `prefix` is one of ours, but for the count at the end.
template <class Enumeration>
void check_complete(std::string_view enumeration, std::span<const known<Enumeration>> ours,
                    std::string_view prefix = "") {
  for (const auto& theirs : vmlinux_btf::get().enumerators(enumeration)) {
    if (theirs.name.starts_with("__MAX") || theirs.name.starts_with("MAX_") || !theirs.name.starts_with(prefix)) {
      continue;
    }
    INFO(theirs.name << " = " << theirs.value);
    const bool has = std::any_of(ours.begin(), ours.end(), [&](const auto& row) { return theirs.name == row.name; });
    if (running_kernel() > newest_known) {
      if (!has) WARN(theirs.name << " is newer than this library");
    } else {
      CHECK(has);
    }
  }
}

/// A member of one of our structures, and the kernel's that it stands for: none for padding.
struct field {
  std::size_t offset;
  std::size_t size;
  std::string_view theirs;
  kernel_version since{};
};

/// Where a member is.
template <class Structure, class Member>
[[nodiscard]] field at(Member Structure::*member, std::string_view theirs, kernel_version since = {}) {
  const Structure whole{};
  const auto* const begin = reinterpret_cast<const std::byte*>(&whole);
  const auto* const place = reinterpret_cast<const std::byte*>(&(whole.*member));
  return {static_cast<std::size_t>(place - begin), sizeof(Member), theirs, since};
}

/// Padding, which the kernel wants to be zero.
template <class Structure, class Member>
[[nodiscard]] field padding(Member Structure::*member) {
  return at(member, "");
}

/// Each field is where the kernel has it and as large as there; `base` is where our structure begins in the kernel's.
/// Together they cover the structure up to its last field: none is forgotten in the test.
inline void check_layout(std::string_view structure, std::size_t size, const std::vector<field>& fields,
                         std::size_t base = 0) {
  std::vector<bool> covered(size, false);
  std::size_t end = 0;
  for (const auto& ours : fields) {
    INFO(structure << "." << ours.theirs << " at " << ours.offset);
    REQUIRE(ours.offset + ours.size <= size);
    for (std::size_t byte = ours.offset; byte < ours.offset + ours.size; ++byte) covered[byte] = true;
    end = std::max(end, ours.offset + ours.size);
    if (ours.theirs.empty()) continue;
    const auto theirs = vmlinux_btf::get().find_member(structure, ours.theirs);
    if (!theirs) {
      CHECK(ours.since > running_kernel());
      continue;
    }
    CHECK(base + ours.offset == theirs->offset());
    CHECK(ours.size * 8 == theirs->bit_size);
  }
  CHECK(std::count(covered.begin(), covered.end(), true) == static_cast<std::ptrdiff_t>(end));
  CHECK(size - end < sizeof(std::uint64_t));
}

/// The same for an attribute of bpf(2), which must not have a byte that nobody sets.
template <class Attribute>
void check_attribute(const std::vector<field>& fields, std::string_view structure = "bpf_attr") {
  static_assert(std::has_unique_object_representations_v<Attribute>);
  check_layout(structure, sizeof(Attribute), fields);
}

}  // namespace bpflink::test
