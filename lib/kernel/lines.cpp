// SPDX-License-Identifier: MIT
#include "kernel/lines.hpp"

#include <array>
#include <cstddef>
#include <cstring>
#include <span>

#include "kernel/files.hpp"

namespace bpflink::kernel {

result<void> detail::for_each_line(const char* path, bool (*each)(void*, std::string_view), void* context) noexcept {
  const auto file = open_read(path);
  if (!file) return tl::unexpected(file.error());
  std::array<char, 4096> buffer;
  std::size_t kept = 0;
  bool in_long_line = false;
  for (;;) {
    const auto got = read_some(file->get(), std::as_writable_bytes(std::span{buffer}.subspan(kept)));
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) {
      // The last line may lack its end.
      if (kept != 0 && !in_long_line) static_cast<void>(each(context, {buffer.data(), kept}));
      return {};
    }
    std::string_view rest{buffer.data(), kept + *got};
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      if (!in_long_line && each(context, rest.substr(0, end))) return {};
      in_long_line = false;
      rest.remove_prefix(end + 1);
    }
    if (rest.size() == buffer.size()) {
      if (!in_long_line && each(context, rest)) return {};
      in_long_line = true;
    }
    kept = in_long_line ? 0 : rest.size();
    if (kept != 0) std::memmove(buffer.data(), rest.data(), kept);
  }
}

}  // namespace bpflink::kernel
