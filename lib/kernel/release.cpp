// SPDX-License-Identifier: MIT
#include "kernel/release.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

struct numbers {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
};

// "4.19.316-1 and so on". What is missing is 0.
numbers parse(std::string_view words) noexcept {
  std::array<unsigned, 3> parts{};
  for (auto& part : parts) {
    const auto* const end = std::from_chars(words.data(), words.data() + words.size(), part).ptr;
    words.remove_prefix(static_cast<std::size_t>(end - words.data()));
    if (!words.starts_with('.')) break;
    words.remove_prefix(1);
  }
  return {parts[0], parts[1], parts[2]};
}

std::string_view after(std::string_view text, std::string_view mark) noexcept {
  const auto at = text.find(mark);
  return at == std::string_view::npos ? std::string_view{} : text.substr(at + mark.size());
}

std::string_view last_word(std::string_view text) noexcept {
  while (text.ends_with('\n') || text.ends_with(' ')) text.remove_suffix(1);
  return text.substr(text.rfind(' ') + 1);
}

}  // namespace

kernel_version running_version() noexcept {
  struct ::utsname names {};
  if (::uname(&names) < 0) return {};
  const auto found = parse(names.release);
  return {static_cast<std::uint16_t>(found.major), static_cast<std::uint16_t>(found.minor)};
}

std::uint32_t version_code_in(std::string_view release, std::string_view version, std::string_view signature) noexcept {
  auto words = release;
  if (const auto debian = after(version, "Debian "); !debian.empty()) words = debian;
  if (!signature.empty()) words = last_word(signature);
  const auto found = parse(words);
  if (found.major == 0) return 0;
  // Eight bits each: the third number of kernels that live long stays at 255.
  return (found.major << 16U) + (found.minor << 8U) + std::min(found.patch, 255U);
}

std::uint32_t version_code() noexcept {
  struct ::utsname names {};
  if (::uname(&names) < 0) return 0;
  std::array<char, 128> signature{};
  const auto read = read_file("/proc/version_signature", signature);
  return version_code_in(names.release, names.version, read ? *read : std::string_view{});
}

}  // namespace bpflink::kernel
