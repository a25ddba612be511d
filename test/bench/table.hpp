// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "counts.hpp"
#include "side.hpp"
#include "timing.hpp"

namespace bpflink::bench {

enum place : std::size_t { raw_place, our_place, libbpf_place, again_place, places };

struct row {
  operation what;
  const char* name;
  /// How many calls more than the raw side the library may make.
  unsigned calls_more = 0;

  std::string missing{};  // why it was not measured; empty where it was
  timing times{};         // of the raw side, ours, libbpf's, and the raw side once more
  std::array<std::optional<counts>, 3> exact{};
};

/// All rows, or those whose name has this text in it, not measured yet.
std::vector<row> rows_named(const std::string& part);

/// The table for a terminal, and the page for docs/.
std::string as_text(const std::vector<row>& rows);
std::string as_page(const std::vector<row>& rows);

/// What of the exact figures is not as promised, one sentence a line; empty where all is.
std::string broken_promises(const std::vector<row>& rows, bool instructions_too);

}  // namespace bpflink::bench
