// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "counts.hpp"
#include "side.hpp"
#include "timing.hpp"

namespace bpflink::bench {

class stage;

enum place : std::size_t { raw_place, our_place, libbpf_place, again_place, places };

struct row {
  std::string name;
  /// Why the operation cannot be measured here; empty where it can.
  std::function<std::string()> missing;
  std::function<sides(stage& on)> prepare;
  /// How many calls more than the raw side the library may make.
  unsigned calls_more = 0;
  /// How many instructions more.
  double instructions_more = 100;

  timing times{};  // of the raw side, ours, libbpf's, and the raw side once more
  std::array<std::optional<counts>, 3> exact{};
};

/// All rows, in the order of the table, not measured yet: those of kinds of links, of what is attached otherwise, of
/// what any link can do, of links that are held by events, of iterators, and of questions about hooks.
std::vector<row> all_rows();

void add_kinds(std::vector<row>& rows);
void add_network_kinds(std::vector<row>& rows);
void add_positions(std::vector<row>& rows);
void add_sockets(std::vector<row>& rows);
void add_struct_ops(std::vector<row>& rows);
void add_programs(std::vector<row>& rows);
void add_map_entries(std::vector<row>& rows);
void add_links(std::vector<row>& rows);
void add_events(std::vector<row>& rows);
void add_iterators(std::vector<row>& rows);
void add_queries(std::vector<row>& rows);

}  // namespace bpflink::bench
