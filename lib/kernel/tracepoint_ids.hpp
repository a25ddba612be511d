// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernel/result.hpp"
#include "kernel/tracefs.hpp"

// The numbers of tracepoints, read from tracefs once in the life of the process. Any number of threads may ask.
namespace bpflink::kernel {

namespace tracepoint_memory {

// A place in the memory. Its names are written once, before there is a number; its number can change, and 0 says that
// it is to be read.
struct entry {
  enum class state : unsigned char { empty, being_named, named };
  std::atomic<std::uint32_t> number{0};
  std::atomic<state> has{state::empty};
  unsigned char name_at = 0;
  std::array<char, 122> characters{};  // both names, each with its NUL
};
static_assert(sizeof(entry) == 128);

// No more than this is remembered, and a name has only a few places: what finds none is read each time.
inline constexpr std::size_t most_entries = 256;
inline constexpr std::size_t places_for_a_name = 8;
inline constexpr std::size_t shortcuts = 64;

struct memory {
  std::array<entry, most_entries + places_for_a_name> entries;
  // Where the names that were asked for last are, by the addresses of their characters: most names are literals.
  std::array<std::atomic<std::uint16_t>, shortcuts> by_address{};
};
inline memory& remembered() noexcept {
  static constinit memory all;
  return all;
}

inline std::atomic<std::uint16_t>& shortcut_of(const char* category, const char* name) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(category) + reinterpret_cast<std::uintptr_t>(name);
  return remembered().by_address[(address ^ (address >> 6U)) % shortcuts];
}

}  // namespace tracepoint_memory

// The number, where it is remembered, and 0 where it is not. It may be out of date: the tracepoint's module may have
// gone and come back.
[[nodiscard]] std::uint32_t remembered_tracepoint_id(const char* category, const char* name) noexcept;

// The same where these very strings were asked for last time, and 0 also where other strings with the same characters
// were.
[[nodiscard]] inline std::uint32_t remembered_by_address(const char* category, const char* name) noexcept {
  const auto last = tracepoint_memory::shortcut_of(category, name).load(std::memory_order_relaxed);
  const auto& place = tracepoint_memory::remembered().entries[last];
  const auto number = place.number.load(std::memory_order_acquire);
  const bool same = number != 0 && std::strcmp(category, place.characters.data()) == 0 &&
                    std::strcmp(name, place.characters.data() + place.name_at) == 0;
  return same ? number : 0;
}

// Where there is room. Not for probes and the like, which people make and delete: their numbers are soon others'.
void remember_tracepoint_id(tracepoint_name tracepoint, std::uint32_t number) noexcept;

// Reads the number, and remembers it.
[[nodiscard]] result<std::uint32_t> learn_tracepoint_id(tracepoint_name tracepoint) noexcept;

}  // namespace bpflink::kernel
