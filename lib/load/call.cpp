// SPDX-License-Identifier: MIT
#include "load/call.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/bpf.hpp"

namespace bpflink::loading {

namespace {

// A signal that comes again and again must not keep the caller for ever.
constexpr int most_tries = 16;

constexpr std::size_t first_log_size = std::size_t{1} << 16U;
// Kernels before 5.2 take no larger buffer than 16 MiB less a byte.
constexpr std::size_t log_sizes[] = {first_log_size, std::size_t{1} << 20U, (std::size_t{1} << 24U) - 1,
                                     std::size_t{1} << 28U};

// Lines that account for the verifier's work.
bool is_account(std::string_view line) noexcept {
  constexpr std::string_view beginnings[] = {"processed ", "verification time ", "stack depth ", "max_states_per_insn"};
  return std::any_of(std::begin(beginnings), std::end(beginnings),
                     [line](std::string_view beginning) { return line.starts_with(beginning); });
}

std::string_view trimmed(std::string_view line) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = line.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

kernel::result<unique_fd> load_into(kernel::prog_load_attr& attr, std::span<std::byte> buffer) noexcept {
  attr.log_level = 1;
  attr.log_size = static_cast<kernel::u32>(buffer.size());
  attr.log_buf = kernel::pointer(buffer.data());
  return load(attr);
}

std::string_view text_in(std::span<const std::byte> buffer) noexcept {
  const auto* const characters = reinterpret_cast<const char*>(buffer.data());
  return {characters, ::strnlen(characters, buffer.size())};
}

// r0 = 0; exit
constexpr std::array<kernel::u64, 2> return_zero{0xb7, 0x95};

}  // namespace

kernel::result<unique_fd> load(const kernel::prog_load_attr& attr) noexcept {
  for (int tries = 1;; ++tries) {
    auto loaded = kernel::prog_load(attr);
    if (loaded || loaded.error().number != EAGAIN || tries == most_tries) return loaded;
  }
}

std::string_view log::last_words() const noexcept {
  auto rest = text_;
  while (!rest.empty()) {
    const auto newline = rest.find_last_of('\n');
    const auto begin = newline == std::string_view::npos ? 0 : newline + 1;
    const auto line = trimmed(rest.substr(begin));
    rest = rest.substr(0, newline == std::string_view::npos ? 0 : newline);
    if (!line.empty() && !is_account(line)) return line;
  }
  return {};
}

heard load_listening(kernel::prog_load_attr attr) noexcept {
  std::optional<heard> last;
  for (const auto size : log_sizes) {
    auto buffer = kernel::memory::of_size(size);
    if (!buffer) break;
    auto answer = load_into(attr, buffer->bytes());
    // No larger one is to be had: what came into the one before has to do.
    if (size != first_log_size && !answer && answer.error().number == EINVAL && text_in(buffer->bytes()).empty()) break;
    const auto words = text_in(buffer->bytes());
    const bool cut_off = !answer && answer.error().number == ENOSPC;
    last.emplace(heard{std::move(answer), log{*std::move(buffer), words}});
    if (!cut_off) break;
  }
  if (last) return *std::move(last);
  return {tl::unexpected(kernel::failure{operation::prog_load, ENOMEM}), log{}};
}

answer ask(const question& asked) noexcept {
  std::array<std::byte, 1024> buffer{};
  kernel::prog_load_attr attr{};
  attr.prog_type = static_cast<kernel::u32>(asked.type);
  attr.insn_cnt = static_cast<kernel::u32>(return_zero.size());
  attr.insns = kernel::pointer(return_zero.data());
  attr.license = kernel::pointer("GPL");
  attr.prog_flags = asked.flags;
  attr.expected_attach_type = static_cast<kernel::u32>(asked.where);
  attr.attach_btf_id = asked.target_type;
  attr.attach_object_fd = asked.target_object;
  const auto loaded = load_into(attr, buffer);
  if (loaded || log{text_in(buffer)}.explains()) return answer::yes;
  switch (loaded.error().number) {
    case EINVAL:
    case E2BIG:
      return answer::no;
    case EPERM:
    case EACCES:
      return answer::forbidden;
    case ENOSPC:
      return answer::yes;
    default:
      return answer::unclear;
  }
}

}  // namespace bpflink::loading
