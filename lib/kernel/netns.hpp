// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>

#include "bpflink/fd.hpp"
#include "kernel/result.hpp"

// Network namespaces. Nothing here changes the calling thread's.
namespace bpflink::kernel {

// The file of the calling thread's network namespace, close-on-exec.
[[nodiscard]] result<unique_fd> open_own_netns() noexcept;
// A namespace's file; another one opens as well, and a pipe without waiting for its other end.
[[nodiscard]] result<unique_fd> open_netns(const char* path) noexcept;

// Whether the descriptor is that of the calling thread's network namespace; false also where nobody can tell.
[[nodiscard]] bool is_own_netns(int descriptor) noexcept;

// The kind of namespace that a descriptor is of, with the kernel's numbers (CLONE_NEW...).
enum class namespace_kind : std::uint32_t {
  time = 0x80,
  mount = 0x20000,
  cgroup = 0x2000000,
  uts = 0x4000000,
  ipc = 0x8000000,
  user = 0x10000000,
  process = 0x20000000,
  network = 0x40000000,
};
// Nothing for other files, and before Linux 4.11.
[[nodiscard]] std::optional<namespace_kind> kind_of_namespace(int descriptor) noexcept;

// Whether a descriptor only names its file (O_PATH); false also for a closed one.
[[nodiscard]] bool only_names_file(int descriptor) noexcept;

namespace detail {
[[nodiscard]] result<void> run_in_netns(int netns, void (*work)(void*), void* context) noexcept;
}

// Runs a function in a network namespace: on this thread where it is in it, else on one of its own, in which all
// signals are blocked. An error where no thread could be had or it could not enter; then the function did not run.
template <class Function>
[[nodiscard]] result<void> in_netns(int netns, Function&& function) noexcept {
  return detail::run_in_netns(
      netns, [](void* context) { (*static_cast<std::remove_reference_t<Function>*>(context))(); }, &function);
}

}  // namespace bpflink::kernel
