// SPDX-License-Identifier: MIT
#include "kernel/tracepoint_ids.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace bpflink::kernel {

namespace {

// A place in the memory. Its names are written once; its number can change, and 0 says that it is to be read.
struct entry {
  enum class state : unsigned char { empty, being_named, named };
  std::atomic<std::uint32_t> number{0};
  std::atomic<state> has{state::empty};
  unsigned char name_at = 0;
  std::array<char, 122> characters{};  // both names, each with its NUL

  [[nodiscard]] bool is_of(const char* category, const char* name) const noexcept {
    return has.load(std::memory_order_acquire) == state::named && std::strcmp(category, characters.data()) == 0 &&
           std::strcmp(name, characters.data() + name_at) == 0;
  }
  [[nodiscard]] bool is_of(tracepoint_name tracepoint) const noexcept {
    return has.load(std::memory_order_acquire) == state::named && tracepoint.category == characters.data() &&
           tracepoint.name == characters.data() + name_at;
  }
  [[nodiscard]] static bool has_room_for(tracepoint_name tracepoint) noexcept {
    return tracepoint.category.size() + tracepoint.name.size() + 2 <= sizeof characters;
  }
  [[nodiscard]] bool take_for(tracepoint_name tracepoint) noexcept {
    auto expected = state::empty;
    if (!has.compare_exchange_strong(expected, state::being_named, std::memory_order_acquire)) return false;
    name_at = static_cast<unsigned char>(tracepoint.category.copy(characters.data(), tracepoint.category.size()) + 1);
    tracepoint.name.copy(characters.data() + name_at, tracepoint.name.size());
    has.store(state::named, std::memory_order_release);
    return true;
  }
};
static_assert(sizeof(entry) == 128);

// No more than this is remembered, and a name has only a few places: what finds none is read each time.
constexpr std::size_t most_entries = 256;
constexpr std::size_t places_for_a_name = 8;
constexpr std::size_t shortcuts = 64;

struct memory {
  std::array<entry, most_entries + places_for_a_name> entries;
  // Where the names that were asked for last are, by the addresses of their characters: most names are literals.
  std::array<std::atomic<std::uint16_t>, shortcuts> by_address{};
};

memory& remembered() noexcept {
  static constinit memory all;
  return all;
}

std::atomic<std::uint16_t>& shortcut_of(const char* category, const char* name) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(category) + 3 * reinterpret_cast<std::uintptr_t>(name);
  return remembered().by_address[(address ^ (address >> 6U)) % shortcuts];
}

std::span<entry> places_of(tracepoint_name tracepoint) noexcept {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  const auto mix = [&hash](std::string_view characters) {
    for (const char letter : characters) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  };
  mix(tracepoint.category);
  mix(tracepoint.name);
  return std::span{remembered().entries}.subspan(hash % most_entries, places_for_a_name);
}

[[gnu::noinline]] std::uint32_t look_through(const char* category, const char* name) noexcept {
  for (const auto& place : places_of({category, name})) {
    if (!place.is_of(category, name)) continue;
    const auto number = static_cast<std::uint16_t>(&place - remembered().entries.data());
    shortcut_of(category, name).store(number, std::memory_order_relaxed);
    return place.number.load(std::memory_order_relaxed);
  }
  return 0;
}

bool is_made_by_hand(std::string_view category) noexcept {
  constexpr std::array<std::string_view, 6> categories{"kprobes", "uprobes", "synthetic",
                                                       "eprobes", "fprobes", "tracepoints"};
  return std::find(categories.begin(), categories.end(), category) != categories.end();
}

}  // namespace

std::uint32_t remembered_tracepoint_id(const char* category, const char* name) noexcept {
  const auto& all = remembered();
  const auto& last = all.entries[shortcut_of(category, name).load(std::memory_order_relaxed)];
  if (!last.is_of(category, name)) return look_through(category, name);
  return last.number.load(std::memory_order_relaxed);
}

void remember_tracepoint_id(tracepoint_name tracepoint, std::uint32_t number) noexcept {
  if (!entry::has_room_for(tracepoint) || is_made_by_hand(tracepoint.category)) return;
  // One number, one tracepoint: who is remembered with it lost it.
  for (auto& other : remembered().entries) {
    auto stale = number;
    if (!other.is_of(tracepoint)) other.number.compare_exchange_strong(stale, 0, std::memory_order_relaxed);
  }
  for (auto& place : places_of(tracepoint)) {
    if (!place.is_of(tracepoint) && !place.take_for(tracepoint)) continue;
    place.number.store(number, std::memory_order_relaxed);
    return;
  }
}

result<std::uint32_t> learn_tracepoint_id(tracepoint_name tracepoint) noexcept {
  const auto read = read_tracepoint_id(tracepoint);
  if (read) remember_tracepoint_id(tracepoint, *read);
  return read;
}

}  // namespace bpflink::kernel
