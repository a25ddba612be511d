// SPDX-License-Identifier: MIT
//
// The tour: attaches a program at each hook that the library knows, in a cgroup, a network namespace and a BPF file
// system of its own, makes traffic, and shows what the programs did. Needs root; without, each stop says what is
// missing.

#include <sys/utsname.h>

#include <algorithm>
#include <array>

#include "../shared/interrupts.hpp"
#include "stops.hpp"

namespace {

constexpr std::array<tour::stop, 10> stops{
    tour::cgroup_stop,       tour::socket_lookup_stop, tour::flow_dissector_stop, tour::xdp_stop,
    tour::raw_attach_stop,   tour::iterator_stop,      tour::raw_tracepoint_stop, tour::tracepoint_stop,
    tour::uprobe_multi_stop, tour::raw_link_stop,
};

void print(const std::vector<tour::row>& rows) {
  const auto widest = [&rows](std::string tour::row::*column, std::size_t heading) {
    std::size_t width = heading;
    for (const auto& row : rows) width = std::max(width, (row.*column).size());
    return width;
  };
  const auto hook = widest(&tour::row::hook, 4);
  const auto target = widest(&tour::row::target, 6);
  const auto mechanism = widest(&tour::row::mechanism, 9);
  const auto link = widest(&tour::row::link, 4);
  fmt::print("{:{}}  {:{}}  {:{}}  {:>{}}  {}\n", "hook", hook, "target", target, "mechanism", mechanism, "link", link,
             "what was seen");
  for (const auto& row : rows) {
    fmt::print("{:{}}  {:{}}  {:{}}  {:>{}}  {}\n", row.hook, hook, row.target, target, row.mechanism, mechanism,
               row.link, link, row.seen);
  }
}

}  // namespace

int main() {
  utsname system{};
  ::uname(&system);
  fmt::print("bpflink {} on Linux {}\n\n", BPFLINK_VERSION, system.release);

  std::vector<tour::row> rows;
  {
    const tour::world here;
    for (const auto stop : stops) {
      if (shared::interrupted()) break;
      rows.push_back(stop(here));
    }
  }
  print(rows);
  if (shared::interrupted()) {
    fmt::print("\ninterrupted: what was attached is detached, and the cgroup is removed\n");
    return 130;
  }
  using ending = tour::row::ending;
  const auto count = [&rows](ending end) {
    return std::count_if(rows.begin(), rows.end(), [end](const tour::row& row) { return row.end == end; });
  };
  fmt::print("\n{} of {} stops shown\n", count(ending::shown), rows.size());
  if (const auto missing = count(ending::missing); missing != 0) fmt::print("{} this kernel has not got\n", missing);
  return count(ending::failed) == 0 ? 0 : 1;
}
