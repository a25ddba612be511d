// SPDX-License-Identifier: MIT
#include "uprobe_targets.hpp"

#include <link.h>

#include <cstddef>
#include <span>
#include <stdexcept>

namespace bpflink::test {

namespace {

// Not in .bss, of which the file has nothing.
[[gnu::section(".bpflink_semaphore"), gnu::aligned(2), gnu::used]] volatile std::uint16_t counter = 0;

struct search {
  std::uintptr_t address;
  bool found = false;
  std::uint64_t offset = 0;
};

// Looks at the program alone, which comes first.
int look_at(dl_phdr_info* program, std::size_t, void* data) {
  auto& wanted = *static_cast<search*>(data);
  for (const auto& segment : std::span{program->dlpi_phdr, program->dlpi_phnum}) {
    const std::uintptr_t start = program->dlpi_addr + segment.p_vaddr;
    if (segment.p_type != PT_LOAD || wanted.address < start || wanted.address >= start + segment.p_filesz) continue;
    wanted.found = true;
    wanted.offset = wanted.address - start + segment.p_offset;
  }
  return 1;
}

std::uint64_t offset_of_address(std::uintptr_t address) {
  search wanted{.address = address};
  ::dl_iterate_phdr(look_at, &wanted);
  if (!wanted.found) throw std::logic_error("an address that is not in the program's file");
  return wanted.offset;
}

}  // namespace

// What they do differs, so that they are not made one; what they call keeps them from being left out.
[[gnu::noinline]] int first_target(int value, void (*inside)()) {
  if (inside != nullptr) inside();
  asm volatile("" ::: "memory");
  return value + 1;
}

[[gnu::noinline]] int second_target(int value, void (*inside)()) {
  if (inside != nullptr) inside();
  asm volatile("" ::: "memory");
  return value + 2;
}

std::uint16_t semaphore() { return counter; }

std::uint64_t offset_of(int (*target)(int, void (*)())) {
  return offset_of_address(reinterpret_cast<std::uintptr_t>(target));
}

#if defined(__x86_64__)
// HLT, which nobody runs: no process may.
asm(R"(
.pushsection .text
.type bpflink_test_unprobed, @function
bpflink_test_unprobed:
  hlt
.size bpflink_test_unprobed, 1
.popsection
)");
extern "C" [[gnu::visibility("hidden")]] void bpflink_test_unprobed();

std::uint64_t unprobed_place() { return offset_of_address(reinterpret_cast<std::uintptr_t>(&bpflink_test_unprobed)); }
#else
std::uint64_t unprobed_place() { return 0; }
#endif

std::uint64_t offset_of_semaphore() { return offset_of_address(reinterpret_cast<std::uintptr_t>(&counter)); }

}  // namespace bpflink::test
