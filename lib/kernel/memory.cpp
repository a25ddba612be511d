// SPDX-License-Identifier: MIT
#include "kernel/memory.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>

#include "kernel/files.hpp"

namespace bpflink::kernel {

namespace {

// Empty where the mapping is refused.
std::span<std::byte> map(std::size_t size, int protection, int flags, int file) noexcept {
  void* const address = ::mmap(nullptr, size, protection, flags, file, 0);
  if (address == MAP_FAILED) return {};
  return {static_cast<std::byte*>(address), size};
}

result<void> read_whole(int file, std::span<std::byte> into) noexcept {
  while (!into.empty()) {
    const auto got = read_some(file, into);
    if (!got) return tl::unexpected(got.error());
    if (*got == 0) return tl::unexpected(failure{operation::read, EIO});
    into = into.subspan(*got);
  }
  return {};
}

}  // namespace

memory::~memory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

std::optional<memory> memory::of_size(std::size_t size) noexcept {
  const auto bytes = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (bytes.empty()) return std::nullopt;
  return memory{bytes};
}

result<memory> memory::of_file(const char* path) noexcept {
  const auto file = open_read(path);
  if (!file) return tl::unexpected(file.error());
  struct ::stat status {};
  if (::fstat(file->get(), &status) < 0) return tl::unexpected(failure{operation::read, errno});
  if (status.st_size <= 0 || static_cast<std::uintmax_t>(status.st_size) > PTRDIFF_MAX) {
    return tl::unexpected(failure{operation::read, EFBIG});
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (const auto bytes = map(size, PROT_READ, MAP_PRIVATE, file->get()); !bytes.empty()) return memory{bytes};
  auto copy = of_size(size);
  if (!copy) return tl::unexpected(failure{operation::read, ENOMEM});
  if (const auto done = read_whole(file->get(), copy->bytes()); !done) return tl::unexpected(done.error());
  return *std::move(copy);
}

}  // namespace bpflink::kernel
