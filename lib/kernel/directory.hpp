// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <type_traits>

#include "kernel/result.hpp"

namespace bpflink::kernel {

namespace detail {
[[nodiscard]] result<void> for_each_name(const char* directory, void (*each)(void*, std::string_view),
                                         void* context) noexcept;
}

// Calls a function with the name of each entry of a directory but "." and "..", in the file system's order.
template <class Function>
[[nodiscard]] result<void> for_each_name(const char* directory, Function&& each) noexcept {
  return detail::for_each_name(
      directory,
      [](void* context, std::string_view name) { (*static_cast<std::remove_reference_t<Function>*>(context))(name); },
      &each);
}

}  // namespace bpflink::kernel
