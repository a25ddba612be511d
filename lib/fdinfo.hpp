// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "bpflink/fd.hpp"

namespace bpflink {

// The value of a line "key:<blanks>value" in the text of an fdinfo file.
[[nodiscard]] std::optional<std::string_view> field_in(std::string_view fdinfo, std::string_view key) noexcept;

// The same from /proc/self/fdinfo of this descriptor; the text is read into `buffer`.
[[nodiscard]] std::optional<std::string_view> fdinfo_field(fd_ref descriptor, std::string_view key,
                                                           std::span<char> buffer) noexcept;

}  // namespace bpflink
