// SPDX-License-Identifier: MIT
#include "timing.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <stdexcept>

#include "kept.hpp"

namespace bpflink::bench {

namespace {

using clock = std::chrono::steady_clock;

// A batch is long beside a look at the clock, and short beside what else the machine does.
constexpr double batch_nanoseconds = 150'000;
constexpr std::size_t batches = 41;
constexpr std::chrono::milliseconds longest_race{1200};

volatile std::sig_atomic_t asked_to_end = 0;

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double time_of(const side& one, std::size_t times) {
  if (asked_to_end != 0) throw std::runtime_error("interrupted");
  const auto start = clock::now();
  one.work(times);
  const std::chrono::duration<double, std::nano> took = clock::now() - start;
  return took.count() / static_cast<double>(times);
}

void undo(const std::vector<const side*>& sides) {
  for (const auto* one : sides) {
    if (one->undo) one->undo(ending::all_at_once);
  }
}

/// How often the sides take their turns, and what they do each time.
struct course {
  std::size_t turns;
  std::size_t times;
};

course course_of(const std::vector<const side*>& sides) {
  double longest = 0;
  for (const auto* one : sides) {
    // The raw side takes two of the turns.
    if (one->undo) return {keepable / 2, 1};
    if (!one->work) continue;
    time_of(*one, 1);
    longest = std::max(longest, std::min(time_of(*one, 4), time_of(*one, 4)));
  }
  return {batches, std::max<std::size_t>(1, static_cast<std::size_t>(batch_nanoseconds / longest))};
}

}  // namespace

void end_when_asked() {
  struct sigaction action {};
  action.sa_handler = [](int) { asked_to_end = 1; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

void timing::race(const std::vector<const side*>& sides, std::size_t rounds) {
  const auto course = course_of(sides);
  const auto end = clock::now() + longest_race;
  do {
    std::vector<std::vector<double>> samples(sides.size());
    for (std::size_t turn = 0; turn < course.turns * sides.size(); ++turn) {
      // Each time another side begins, so that none is always behind the same one.
      const std::size_t place = (turn + turn / sides.size() + rounds_.size()) % sides.size();
      if (sides[place]->work) samples[place].push_back(time_of(*sides[place], course.times));
    }
    undo(sides);
    std::vector<double> medians;
    for (auto& of_side : samples) medians.push_back(median(std::move(of_side)));
    rounds_.push_back(std::move(medians));
  } while (--rounds != 0 && clock::now() < end);
}

double timing::nanoseconds(std::size_t side) const {
  std::vector<double> values;
  for (const auto& round : rounds_) values.push_back(round.at(side));
  return median(std::move(values));
}

double timing::ratio(std::size_t side) const {
  std::vector<double> values;
  for (const auto& round : rounds_) values.push_back(round.at(side) / round.front());
  return median(std::move(values));
}

}  // namespace bpflink::bench
