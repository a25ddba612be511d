// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "bpflink/fd.hpp"
#include "bpflink/interface_target.hpp"
#include "bpflink/netns_target.hpp"
#include "failure.hpp"
#include "kernel/netns.hpp"

// Network namespaces as options name them.
namespace bpflink::hooks {

// "the network namespace of process 17"; empty for an empty handle.
[[nodiscard]] text describe(const netns_target& target) noexcept;
// The same, where it is something else's: "the network namespace of descriptor 5".
[[nodiscard]] text describe_from_outside(const netns_target& target) noexcept;
// "interface 5 (eth0)"; in another namespace than the calling thread's: "interface 5 of /run/netns/blue".
[[nodiscard]] text describe(const interface_target& target) noexcept;

// Whether it is named by an empty descriptor or path.
[[nodiscard]] bool is_empty(const netns_target& target) noexcept;
// Its file; for targets that are not named by a descriptor.
[[nodiscard]] kernel::result<unique_fd> open(const netns_target& target) noexcept;
[[nodiscard]] diagnosis why_not_opened(const netns_target& target, kernel::failure failed) noexcept;
[[nodiscard]] diagnosis why_not_entered(fd_ref netns, kernel::failure failed) noexcept;

// Runs a function in a namespace that is not the calling thread's.
[[nodiscard]] std::optional<bpf_error> run_elsewhere(const netns_target& target, const attempt& what,
                                                     void (*work)(void*), void* context) noexcept;

// The same for a function that answers an expected.
template <class Function, class Words>
[[nodiscard, gnu::cold, gnu::noinline]] auto answer_elsewhere(const netns_target& target, const Words& words,
                                                              Function& function) noexcept
    -> std::invoke_result_t<Function&> {
  using answer = std::invoke_result_t<Function&>;
  struct job {
    Function& function;
    std::optional<answer> result;
  } todo{function, std::nullopt};
  const auto failed = run_elsewhere(
      target, words(),
      [](void* context) {
        auto& work = *static_cast<job*>(context);
        work.result.emplace(work.function());
      },
      &todo);
  if (failed) return tl::unexpected(*failed);
  return *std::move(todo.result);
}

// Does something in a network namespace: here where that is the calling thread's, else on a thread that enters it. The
// function answers an expected; `words` makes the attempt, for a namespace that cannot be entered.
template <class Function, class Words>
[[nodiscard]] inline auto in_netns_of(const netns_target& target, const Words& words, Function&& function) noexcept
    -> std::invoke_result_t<Function&> {
  if (target.is_current()) return function();
  return answer_elsewhere(target, words, function);
}
// The same in an interface's.
template <class Function, class Words>
[[nodiscard]] inline auto in_netns_of(const interface_target& target, const Words& words, Function&& function) noexcept
    -> std::invoke_result_t<Function&> {
  return in_netns_of(target.netns(), words, function);
}

}  // namespace bpflink::hooks
