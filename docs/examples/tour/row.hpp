// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <bpflink/bpflink.hpp>
#include <bpflink/format.hpp>
#include <string>
#include <utility>
#include <vector>

namespace tour {

// What one stop of the tour shows.
struct row {
  std::string hook = {};
  std::string target = {};
  std::string mechanism = "-";
  std::string link = "-";
  std::string seen = {};
  bool shown = true;  // false: this kernel, or these privileges, did not let it be shown
};

// A stop that could not go on, in the library's own words.
[[nodiscard]] inline row failed(row so_far, const bpflink::bpf_error& error) {
  so_far.seen = error.message();
  so_far.shown = false;
  return so_far;
}
[[nodiscard]] inline row failed(row so_far, std::string words) {
  so_far.seen = std::move(words);
  so_far.shown = false;
  return so_far;
}

template <class Link>
void describe(row& into, const Link& link) {
  into.mechanism = fmt::format("{}", link.mechanism());
  if (const auto info = link.info()) into.link = fmt::format("{}", info->id.value());
}

}  // namespace tour
