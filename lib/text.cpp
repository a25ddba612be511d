// SPDX-License-Identifier: MIT
#include "text.hpp"

#include <algorithm>

// Clang gives a function of fmt another name than GCC does, so a library of fmt that GCC has built lacks it for Clang:
// the whole header has it made here.
#if defined(__clang__)
#include <fmt/format.h>
#endif

namespace bpflink {

void text::write(fmt::string_view format, fmt::format_args arguments) noexcept {
  const auto room = characters_.size() - size_;
  const auto wrote = fmt::vformat_to_n(characters_.data() + size_, room, format, arguments);
  size_ += std::min(wrote.size, room);
}

}  // namespace bpflink
