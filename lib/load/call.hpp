// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include "bpflink/fd.hpp"
#include "bpflink/kinds.hpp"
#include "kernel/abi.hpp"
#include "kernel/memory.hpp"
#include "kernel/result.hpp"

// BPF_PROG_LOAD, and what the verifier says to it.
namespace bpflink::loading {

// Again where a signal came between, but not for ever.
[[nodiscard]] kernel::result<unique_fd> load(const kernel::prog_load_attr& attr) noexcept;

// The kernel's words on a program.
class log {
 public:
  // The whole text; it may be long.
  [[nodiscard]] std::string_view whole() const noexcept { return text_; }
  // The last line that says something about the program and is no account of the work done; empty where there is none.
  [[nodiscard]] std::string_view last_words() const noexcept;
  // Whether the kernel gave a reason in it.
  [[nodiscard]] bool explains() const noexcept { return !last_words().empty(); }

  // For text that is at hand.
  explicit log(std::string_view text = {}) noexcept : text_{text} {}
  log(kernel::memory held, std::string_view text) noexcept : held_{std::move(held)}, text_{text} {}

 private:
  kernel::memory held_;
  std::string_view text_;
};

// Loads again, to hear the reason. The buffer grows until the kernel's words fit.
struct heard {
  kernel::result<unique_fd> answer;
  log words;
};
[[nodiscard]] heard load_listening(kernel::prog_load_attr attr) noexcept;

// A program of two instructions, to ask whether something else than a program's instructions is refused.
struct question {
  program_type type{};
  attach_type where{};
  kernel::u32 target_type = 0;
  kernel::u32 target_object = 0;
  kernel::u32 flags = 0;
};
enum class answer {
  yes,        // the kernel loads it, or knows it so well that the verifier says why not
  no,         // EINVAL or E2BIG, and not a word
  forbidden,  // EPERM or EACCES, and not a word
  unclear
};
[[nodiscard]] answer ask(const question& asked) noexcept;

}  // namespace bpflink::loading
