// SPDX-License-Identifier: MIT
#include "kernel/tracepoint_ids.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace bpflink::kernel {

namespace {

using tracepoint_memory::entry;
using tracepoint_memory::places_for_a_name;

auto& entries() noexcept { return tracepoint_memory::remembered().entries; }

bool is_of(const entry& place, tracepoint_name tracepoint) noexcept {
  return place.has.load(std::memory_order_acquire) == entry::state::named &&
         tracepoint.category == place.characters.data() && tracepoint.name == place.characters.data() + place.name_at;
}

bool has_room_for(tracepoint_name tracepoint) noexcept {
  return tracepoint.category.size() + tracepoint.name.size() + 2 <= sizeof entry::characters;
}

bool take_for(entry& place, tracepoint_name tracepoint) noexcept {
  auto expected = entry::state::empty;
  if (!place.has.compare_exchange_strong(expected, entry::state::being_named, std::memory_order_acquire)) return false;
  const auto [category, name] = tracepoint;
  place.name_at = static_cast<unsigned char>(category.copy(place.characters.data(), category.size()) + 1);
  name.copy(place.characters.data() + place.name_at, name.size());
  place.has.store(entry::state::named, std::memory_order_release);
  return true;
}

std::span<entry> places_of(tracepoint_name tracepoint) noexcept {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  const auto mix = [&hash](std::string_view characters) {
    for (const char letter : characters) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619U;
  };
  mix(tracepoint.category);
  mix(tracepoint.name);
  return std::span{entries()}.subspan(hash % tracepoint_memory::most_entries, places_for_a_name);
}

bool is_made_by_hand(std::string_view category) noexcept {
  constexpr std::array<std::string_view, 6> categories{"kprobes", "uprobes", "synthetic",
                                                       "eprobes", "fprobes", "tracepoints"};
  return std::find(categories.begin(), categories.end(), category) != categories.end();
}

}  // namespace

std::uint32_t remembered_tracepoint_id(const char* category, const char* name) noexcept {
  for (const auto& place : places_of({category, name})) {
    if (!is_of(place, {category, name})) continue;
    tracepoint_memory::shortcut_of(category, name)
        .store(static_cast<std::uint16_t>(&place - entries().data()), std::memory_order_relaxed);
    return place.number.load(std::memory_order_relaxed);
  }
  return 0;
}

void remember_tracepoint_id(tracepoint_name tracepoint, std::uint32_t number) noexcept {
  if (!has_room_for(tracepoint) || is_made_by_hand(tracepoint.category)) return;
  // One number, one tracepoint: who is remembered with it lost it.
  for (auto& other : entries()) {
    auto stale = number;
    if (!is_of(other, tracepoint)) other.number.compare_exchange_strong(stale, 0, std::memory_order_relaxed);
  }
  for (auto& place : places_of(tracepoint)) {
    if (!is_of(place, tracepoint) && !take_for(place, tracepoint)) continue;
    place.number.store(number, std::memory_order_release);
    return;
  }
}

result<std::uint32_t> learn_tracepoint_id(tracepoint_name tracepoint) noexcept {
  const auto read = read_tracepoint_id(tracepoint);
  if (read) remember_tracepoint_id(tracepoint, *read);
  return read;
}

}  // namespace bpflink::kernel
