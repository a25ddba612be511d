// SPDX-License-Identifier: MIT
#include "explain/names.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace bpflink::explain {

namespace {

// Shorter ones are in too many names to mean one.
constexpr std::size_t shortest_part = 4;

constexpr char plain(char letter) noexcept {
  if (letter >= 'A' && letter <= 'Z') return static_cast<char>(letter - 'A' + 'a');
  return letter == '-' ? '_' : letter;
}

bool contains(std::string_view whole, std::string_view part) noexcept {
  const auto same = [](char left, char right) { return plain(left) == plain(right); };
  return std::search(whole.begin(), whole.end(), part.begin(), part.end(), same) != whole.end();
}

}  // namespace

std::size_t distance(std::string_view left, std::string_view right, std::size_t bound) noexcept {
  const auto far = bound + 1;
  if (left.size() > nearest_names::longest || right.size() > nearest_names::longest) return far;
  if (std::max(left.size(), right.size()) - std::min(left.size(), right.size()) > bound) return far;

  // Three rows of the table of distances between the beginnings of both names.
  std::array<std::array<std::size_t, nearest_names::longest + 1>, 3> table;
  auto* before_last = table[0].data();
  auto* last = table[1].data();
  auto* row = table[2].data();
  std::iota(last, last + right.size() + 1, std::size_t{0});
  for (std::size_t i = 1; i <= left.size(); ++i) {
    row[0] = i;
    auto smallest = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const auto a = plain(left[i - 1]);
      const auto b = plain(right[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a == b ? 0 : 1)});
      if (i > 1 && j > 1 && a == plain(right[j - 2]) && b == plain(left[i - 2])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
      smallest = std::min(smallest, row[j]);
    }
    if (smallest > bound) return far;
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return std::min(last[right.size()], far);
}

nearest_names::nearest_names(std::string_view wanted) noexcept
    : wanted_{wanted}, bound_{std::clamp<std::size_t>(wanted.size() / 4, 1, 4)} {
  if (wanted.size() > longest) wanted_ = {};
}

void nearest_names::offer(std::string_view name) noexcept {
  if (wanted_.empty() || name.empty() || name.size() > longest) return;
  auto how_far = distance(wanted_.view(), name, bound_);
  if (how_far > bound_) {
    // A name that has the wanted one in it, or is in it, comes after all that are spelled alike; the shorter, the
    // nearer.
    const auto wanted = wanted_.view();
    const bool part = (wanted.size() >= shortest_part && contains(name, wanted)) ||
                      (name.size() >= shortest_part && contains(wanted, name));
    if (!part) return;
    how_far = bound_ + std::max(wanted.size(), name.size()) - std::min(wanted.size(), name.size());
  }
  auto* const end = best_.data() + count_;
  if (std::any_of(best_.data(), end, [name](const candidate& known) { return known.name == name; })) return;
  auto* const place =
      std::find_if(best_.data(), end, [how_far](const candidate& known) { return known.distance > how_far; });
  if (place == best_.data() + best_.size()) return;
  if (count_ < best_.size()) ++count_;
  std::move_backward(place, best_.data() + count_ - 1, best_.data() + count_);
  *place = {bounded_string<longest + 1>{name}, how_far};
}

std::string_view nearest_names::best() const noexcept {
  return count_ == 0 ? std::string_view{} : best_.front().name.view();
}

text nearest_names::hint() const noexcept {
  text words;
  for (std::size_t index = 0; index < count_; ++index) {
    if (index == 0) words.add("{}", count_ == 1 ? "a near name is " : "near names are ");
    if (index != 0) words.add("{}", index + 1 == count_ ? " and " : ", ");
    words.add("{}", best_[index].name.view());
  }
  return words;
}

}  // namespace bpflink::explain
