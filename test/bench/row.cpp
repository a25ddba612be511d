// SPDX-License-Identifier: MIT
#include "row.hpp"

namespace bpflink::bench {

std::vector<row> all_rows() {
  std::vector<row> rows;
  add_kinds(rows);
  add_network_kinds(rows);
  add_positions(rows);
  add_sockets(rows);
  add_struct_ops(rows);
  add_programs(rows);
  add_map_entries(rows);
  add_links(rows);
  add_events(rows);
  add_iterators(rows);
  add_queries(rows);
  return rows;
}

}  // namespace bpflink::bench
