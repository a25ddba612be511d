// SPDX-License-Identifier: MIT
#include "kernel/tracepoint_ids.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>

namespace bpflink::kernel {

namespace {

// A place in the memory. Its name is written once; its number can change, and 0 says that it is to be read.
struct entry {
  enum class state : unsigned char { empty, being_named, named };
  std::atomic<state> has{state::empty};
  std::atomic<std::uint32_t> number{0};
  unsigned char category_size = 0;
  unsigned char name_size = 0;
  std::array<char, 118> characters{};

  [[nodiscard]] bool is_of(tracepoint_name tracepoint) const noexcept {
    return has.load(std::memory_order_acquire) == state::named &&
           std::string_view{characters.data(), category_size} == tracepoint.category &&
           std::string_view{characters.data() + category_size, name_size} == tracepoint.name;
  }
  [[nodiscard]] bool take_for(tracepoint_name tracepoint) noexcept {
    auto expected = state::empty;
    if (!has.compare_exchange_strong(expected, state::being_named, std::memory_order_acquire)) return false;
    category_size = static_cast<unsigned char>(tracepoint.category.copy(characters.data(), characters.size()));
    name_size = static_cast<unsigned char>(
        tracepoint.name.copy(characters.data() + category_size, characters.size() - category_size));
    has.store(state::named, std::memory_order_release);
    return true;
  }
};

// No more than this is remembered, and no name has more than a few places: what finds none is read each time.
constexpr std::size_t most_entries = 256;
constexpr std::size_t places_for_a_name = 8;
std::array<entry, most_entries + places_for_a_name> entries;

std::span<entry> places_of(tracepoint_name tracepoint) noexcept {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  const auto mix = [&hash](std::string_view characters) {
    for (const char letter : characters) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  };
  mix(tracepoint.category);
  mix(tracepoint.name);
  return std::span{entries}.subspan(hash % most_entries, places_for_a_name);
}

// What people make and delete: its numbers are soon another's.
bool is_made_by_hand(std::string_view category) noexcept {
  constexpr std::array<std::string_view, 6> categories{"kprobes", "uprobes", "synthetic",
                                                       "eprobes", "fprobes", "tracepoints"};
  return std::find(categories.begin(), categories.end(), category) != categories.end();
}

void remember(tracepoint_name tracepoint, std::uint32_t number) noexcept {
  if (tracepoint.category.size() + tracepoint.name.size() > sizeof entry::characters) return;
  if (is_made_by_hand(tracepoint.category)) return;
  // One number, one tracepoint: who is remembered with it lost it.
  for (auto& other : entries) {
    auto stale = number;
    if (!other.is_of(tracepoint)) other.number.compare_exchange_strong(stale, 0, std::memory_order_relaxed);
  }
  for (auto& place : places_of(tracepoint)) {
    if (!place.is_of(tracepoint) && !place.take_for(tracepoint)) continue;
    place.number.store(number, std::memory_order_relaxed);
    return;
  }
}

}  // namespace

result<tracepoint_id> id_of_tracepoint(tracepoint_name tracepoint) noexcept {
  for (const auto& place : places_of(tracepoint)) {
    if (!place.is_of(tracepoint)) continue;
    if (const auto number = place.number.load(std::memory_order_relaxed); number != 0) {
      return tracepoint_id{number, true};
    }
    break;
  }
  return renewed_id_of_tracepoint(tracepoint);
}

result<tracepoint_id> renewed_id_of_tracepoint(tracepoint_name tracepoint) noexcept {
  const auto read = read_tracepoint_id(tracepoint);
  if (!read) return tl::unexpected(read.error());
  remember(tracepoint, *read);
  return tracepoint_id{*read, false};
}

}  // namespace bpflink::kernel
