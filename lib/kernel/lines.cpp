// SPDX-License-Identifier: MIT
#include "kernel/lines.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

// Makes lines of what is read piece by piece.
class line_maker {
 public:
  line_maker(bool (*each)(void*, std::string_view), void* context) noexcept : each_{each}, context_{context} {}

  [[nodiscard]] std::span<std::byte> room() noexcept {
    return std::as_writable_bytes(std::span{buffer_}.subspan(kept_));
  }
  // Of what was written to room(). True: enough was seen.
  [[nodiscard]] bool take(std::size_t size) noexcept {
    std::string_view rest{buffer_.data(), kept_ + size};
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (hand_out(rest.substr(0, end))) return true;
      seen_ = false;
      rest.remove_prefix(end + 1);
    }
    if (rest.size() == buffer_.size()) {
      if (hand_out(rest)) return true;
      seen_ = true;
    }
    kept_ = seen_ ? 0 : rest.size();
    if (kept_ != 0) std::memmove(buffer_.data(), rest.data(), kept_);
    return false;
  }
  // The last line may lack its end.
  void finish() noexcept {
    if (kept_ != 0) static_cast<void>(hand_out({buffer_.data(), kept_}));
  }

 private:
  [[nodiscard]] bool hand_out(std::string_view line) noexcept { return !seen_ && each_(context_, line); }

  bool (*each_)(void*, std::string_view);
  void* context_;
  std::array<char, 4096> buffer_;
  std::size_t kept_ = 0;
  bool seen_ = false;  // the beginning of a line that is longer than the buffer was handed out
};

}  // namespace

result<void> detail::for_each_line(const char* path, bool (*each)(void*, std::string_view), void* context) noexcept {
  const auto file = open_read(path);
  if (!file) return tl::unexpected(file.error());
  line_maker lines{each, context};
  for (;;) {
    const auto got = read_some(file->get(), lines.room());
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) break;
    if (lines.take(*got)) return {};
  }
  lines.finish();
  return {};
}

}  // namespace bpflink::kernel
