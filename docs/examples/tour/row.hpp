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
  enum class ending {
    shown,    // what the program did was seen
    missing,  // this kernel has no such hook
    failed,   // it could not be attached, or its effect was another one
  };
  ending end = ending::failed;
};

// A stop that came to its end: whether what was seen is what the program should do.
[[nodiscard]] inline row saw(row so_far, bool as_it_should, std::string words) {
  so_far.seen = std::move(words);
  if (as_it_should) {
    so_far.end = row::ending::shown;
  } else {
    so_far.seen += ": not what it should be";
  }
  return so_far;
}

// A stop that could not go on, in the library's own words.
[[nodiscard]] inline row failed(row so_far, const bpflink::bpf_error& error) {
  so_far.seen = error.message();
  if (error == bpflink::errc::not_supported) so_far.end = row::ending::missing;
  return so_far;
}
// A kernel without what it takes.
[[nodiscard]] inline row missing(row so_far, std::string words) {
  so_far.seen = std::move(words);
  so_far.end = row::ending::missing;
  return so_far;
}

template <class Link>
void describe(row& into, const Link& link) {
  into.mechanism = fmt::format("{}", link.mechanism());
  if (const auto info = link.info()) into.link = fmt::format("{}", info->id.value());
}

}  // namespace tour
