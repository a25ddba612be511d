// SPDX-License-Identifier: MIT
#include "table.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace bpflink::bench {

namespace {

constexpr std::array<std::string_view, 5> figures{"calls", "allocations", "instructions", "raw time", "time / raw"};

std::string number(double value) { return fmt::format("{:.{}f}", value, value == std::trunc(value) ? 0 : 1); }

template <class Figure>
std::string three(const row& of, const Figure& figure) {
  std::string text;
  for (const auto& side : of.exact) text += (text.empty() ? "" : " / ") + (side ? figure(*side) : std::string{"-"});
  return text;
}

std::string calls(const row& of) {
  return three(of, [](const counts& side) { return number(side.calls_each); });
}

std::string allocations(const row& of) {
  return three(of, [](const counts& side) { return side.allocations ? number(*side.allocations) : "-"; });
}

std::string instructions(const row& of) {
  return three(of, [](const counts& side) { return fmt::format("{:.0f}", side.instructions); });
}

std::string microseconds(const row& of) {
  const double value = of.times.nanoseconds(raw_place) / 1000;
  return fmt::format("{:.{}f} us", value, value < 100 ? 2 : 0);
}

std::string ratios(const row& of) {
  std::string text;
  for (const auto side : {our_place, libbpf_place, again_place}) {
    const double ratio = of.times.ratio(side);
    text += (text.empty() ? "" : " / ") + (ratio > 0 ? fmt::format("{:.3f}", ratio) : std::string{"-"});
  }
  return text;
}

}  // namespace

std::string as_text(const std::vector<row>& rows) {
  constexpr auto line = "{:<42}{:<17}{:<17}{:<22}{:<12}{}\n";
  auto text = machine() + "\n";
  text += fmt::format(line, "", figures[0], figures[1], figures[2], figures[3], figures[4]);
  text +=
      fmt::format(line, "", "raw/ours/libbpf", "raw/ours/libbpf", "raw/ours/libbpf", "", "ours / libbpf / raw again");
  for (const auto& each : rows) {
    if (const auto reason = each.missing(); !reason.empty()) {
      text += fmt::format("{:<42}{}\n", each.name, reason);
      continue;
    }
    text += fmt::format(line, each.name, calls(each), allocations(each), instructions(each), microseconds(each),
                        ratios(each));
  }
  return text;
}

std::string as_page(const std::vector<row>& rows) {
  auto text = machine() + ".\n\n";
  text += "| operation | system calls | allocations | user instructions | raw time | time / raw |\n";
  text += "|---|---|---|---|---|---|\n";
  text += "| | raw / ours / libbpf | raw / ours / libbpf | raw / ours / libbpf | | ours / libbpf / raw again |\n";
  for (const auto& each : rows) {
    if (const auto reason = each.missing(); !reason.empty()) {
      text += fmt::format("| {} | {} | | | | |\n", each.name, reason);
      continue;
    }
    text += fmt::format("| {} | {} | {} | {} | {} | {} |\n", each.name, calls(each), allocations(each),
                        instructions(each), microseconds(each), ratios(each));
  }
  return text;
}

std::string broken_promises(const std::vector<row>& rows, bool instructions_too) {
  std::string text;
  for (const auto& each : rows) {
    const auto& raw = each.exact[raw_place];
    const auto& ours = each.exact[our_place];
    if (!raw || !ours) continue;
    const auto over = ours->calls_each - raw->calls_each;
    if (over < 0 || over > each.calls_more) {
      text += fmt::format("{}: {} calls ({}), raw {} ({})\n", each.name, number(ours->calls_each), ours->names(),
                          number(raw->calls_each), raw->names());
    }
    if (ours->allocations.value_or(0) != 0) {
      text += fmt::format("{}: {} allocations\n", each.name, number(*ours->allocations));
    }
    if (instructions_too && ours->instructions - raw->instructions > each.instructions_more) {
      text += fmt::format("{}: {:.0f} instructions over raw\n", each.name, ours->instructions - raw->instructions);
    }
  }
  return text;
}

}  // namespace bpflink::bench
