// SPDX-License-Identifier: MIT
#include "kernel/directory.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

// struct linux_dirent64: inode, offset, the record's length, the type, and the name.
constexpr std::size_t length_at = 16;
constexpr std::size_t name_at = 19;

}  // namespace

// Not readdir(3), which wants a heap.
result<void> detail::for_each_name(const char* directory, void (*each)(void*, std::string_view),
                                   void* context) noexcept {
  const auto opened = open_directory(directory);
  if (!opened) return tl::unexpected(opened.error());
  alignas(8) std::array<char, 4096> records;
  for (;;) {
    const long size = ::syscall(SYS_getdents64, opened->get(), records.data(), records.size());
    if (size < 0) return tl::unexpected(failure{operation::read, errno});
    if (size == 0) return {};
    for (const char* record = records.data(); record < records.data() + size;) {
      std::uint16_t length = 0;
      std::memcpy(&length, record + length_at, sizeof length);
      const std::string_view name{record + name_at};
      if (name != "." && name != "..") each(context, name);
      record += length;
    }
  }
}

}  // namespace bpflink::kernel
