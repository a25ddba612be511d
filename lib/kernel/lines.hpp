// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <type_traits>

#include "kernel/result.hpp"

namespace bpflink::kernel {

namespace detail {
[[nodiscard]] result<void> for_each_line(const char* path, bool (*each)(void*, std::string_view),
                                         void* context) noexcept;
}

// Calls a function with each line of a file until it says true. Of a line that is longer than a page it sees the
// beginning.
template <class Function>
[[nodiscard]] result<void> for_each_line(const char* path, Function&& each) noexcept {
  return detail::for_each_line(
      path,
      [](void* context, std::string_view line) -> bool {
        return (*static_cast<std::remove_reference_t<Function>*>(context))(line);
      },
      &each);
}

}  // namespace bpflink::kernel
