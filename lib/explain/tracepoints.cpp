// SPDX-License-Identifier: MIT
#include "explain/tracepoints.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "kernel/directory.hpp"
#include "kernel/files.hpp"
#include "kernel/lines.hpp"
#include "kernel/tracefs.hpp"

namespace bpflink::explain {

namespace {

// Hands out the strings of a file from a place on; what is longer than the buffer is left out.
class strings_in_file {
 public:
  explicit strings_in_file(const char* path) noexcept {
    if (auto opened = kernel::open_read(path)) file_ = *std::move(opened);
  }

  // Whole bytes from where it stands; false where there are not so many.
  [[nodiscard]] bool read(std::span<std::byte> into) noexcept {
    while (!into.empty()) {
      const auto got = kernel::read_some(file_.get(), into);
      if (!got || *got == 0) return false;
      into = into.subspan(*got);
    }
    return true;
  }

  [[nodiscard]] bool skip(std::size_t bytes) noexcept {
    while (bytes != 0) {
      const auto part = std::span{buffer_}.first(std::min(bytes, buffer_.size()));
      if (!read(std::as_writable_bytes(part))) return false;
      bytes -= part.size();
    }
    return true;
  }

  template <class Function>
  void for_each(Function&& each) noexcept {
    std::size_t kept = 0;
    for (;;) {
      if (kept == buffer_.size()) kept = 0;
      const auto got = kernel::read_some(file_.get(), std::as_writable_bytes(std::span{buffer_}.subspan(kept)));
      if (!got || *got == 0) return;
      std::string_view rest{buffer_.data(), kept + *got};
      for (auto end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
        each(rest.substr(0, end));
        rest.remove_prefix(end + 1);
      }
      kept = rest.size();
      std::memmove(buffer_.data(), rest.data(), kept);
    }
  }

 private:
  unique_fd file_;
  std::array<char, 8192> buffer_;
};

// struct btf_header, whose offsets count from its own end.
struct btf_header {
  std::uint16_t magic;
  std::uint8_t version;
  std::uint8_t flags;
  std::uint32_t header_length;
  std::uint32_t types_offset;
  std::uint32_t types_length;
  std::uint32_t strings_offset;
  std::uint32_t strings_length;
};
constexpr std::uint16_t btf_magic = 0xeb9f;

// For each raw tracepoint there is a type whose name tells it, and the names are all in one place.
bool offer_from_btf(const char* path, nearest_names& near) noexcept {
  static constexpr std::string_view prefix = "btf_trace_";
  strings_in_file btf{path};
  btf_header header{};
  if (!btf.read(std::as_writable_bytes(std::span{&header, 1})) || header.magic != btf_magic) return false;
  const auto strings_at = std::size_t{header.header_length} + header.strings_offset;
  if (strings_at < sizeof header || !btf.skip(strings_at - sizeof header)) return false;
  btf.for_each([&near](std::string_view name) {
    if (name.starts_with(prefix)) near.offer(name.substr(prefix.size()));
  });
  return true;
}

// "category:name" on each line; the category of system calls has no raw tracepoints.
void offer_from_tracefs(nearest_names& near) noexcept {
  const auto directory = kernel::find_tracefs();
  if (!directory) return;
  std::array<char, kernel::tracefs_path_size> path{};
  fmt::format_to_n(path.data(), path.size() - 1, "{}/available_events", directory->view());
  static_cast<void>(kernel::for_each_line(path.data(), [&near](std::string_view line) {
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && line.substr(0, colon) != "syscalls") near.offer(line.substr(colon + 1));
    return false;
  }));
}

}  // namespace

nearest_names nearest_raw_tracepoints(std::string_view wanted) noexcept {
  constexpr const char* directory = "/sys/kernel/btf";
  nearest_names near{wanted};
  bool told = false;
  // Without BTF there is no directory, and then tracefs is asked.
  static_cast<void>(kernel::for_each_name(directory, [&](std::string_view name) {
    std::array<char, 128> path{};
    fmt::format_to_n(path.data(), path.size() - 1, "{}/{}", directory, name);
    told = offer_from_btf(path.data(), near) || told;
  }));
  if (!told) offer_from_tracefs(near);
  return near;
}

}  // namespace bpflink::explain
