// SPDX-License-Identifier: MIT
//
// Three programs from two processes on one interface, which keep their order: a firewall's filter in the middle, and a
// monitor's two, one in front and one behind. The firewall swaps its program for another; the order stays. All of it is
// in a network namespace that ends with the example.

#include <unistd.h>

#include <bpflink/format.hpp>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "../shared/interrupts.hpp"
#include "../shared/network.hpp"
#include "monitor.hpp"
#include "programs.hpp"
#include "traffic.hpp"

namespace {

using chain::counter;
using chain::sent;

constexpr sent traffic{.small = 10, .large = 5};

struct counters {
  counter before;
  counter filter;
  counter behind;
};

struct seen {
  std::uint64_t before;
  std::uint64_t filter;
  std::uint64_t behind;
  bool operator==(const seen&) const = default;
};

// The chain as the kernel tells it; whether it is the one expected.
bool show(bpflink::link_id own, const counters& counted, pid_t monitor) {
  const auto there = bpflink::query(chain::hook());
  if (!there) {
    fmt::print(stderr, "{}\n", there.error());
    return false;
  }
  fmt::print("  {:>8}  {:<12}  {:>6}  {:<18}  {}\n", "position", "program", "link", "process", "packets seen");
  const counter* const places[] = {&counted.before, &counted.filter, &counted.behind};
  std::vector<std::string> names;
  for (const auto& row : *there) {
    const auto program = bpflink::program::from_id(row.program);
    const auto info = program ? program->info() : tl::unexpected(program.error());
    names.emplace_back(info ? info->name.view() : "?");
    const bool ours = row.link == own;
    const auto process = fmt::format("{} ({})", ours ? "firewall" : "monitor", ours ? ::getpid() : monitor);
    const auto place = names.size() - 1;
    fmt::print("  {:>8}  {:<12}  {:>6}  {:<18}  {}\n", names.size(), names.back(), row.link ? row.link->value() : 0,
               process, place < 3 ? places[place]->value() : 0);
  }
  return names.size() == 3 && names.front() == "incoming" && names.back() == "let_through";
}

bool send_and_show(const char* what, bpflink::link_id own, const counters& counted, pid_t monitor,
                   const seen& expected) {
  counted.before.clear();
  counted.filter.clear();
  counted.behind.clear();
  const auto arrived = chain::exchange(traffic);
  fmt::print("{}: sent {} small and {} large packets, {} and {} arrived\n\n", what, traffic.small, traffic.large,
             arrived.small, arrived.large);
  const bool in_order = show(own, counted, monitor);
  fmt::print("\n");
  return in_order && seen{counted.before.value(), counted.filter.value(), counted.behind.value()} == expected;
}

int fail(const bpflink::bpf_error& error) {
  fmt::print(stderr, "{}\n", error);
  return 1;
}

}  // namespace

int main() {
  shared::watch_for_interrupts();
  if (!shared::enter_own_network()) {
    fmt::print(stderr, "a network namespace is needed, and for that root: {}\n", std::strerror(errno));
    return 1;
  }
  const counters counted;
  const auto strict = chain::load_filter("small_only", counted.filter, chain::most_bytes);
  if (!strict) return fail(strict.error());
  const auto lenient = chain::load_filter("all", counted.filter, 65535);
  if (!lenient) return fail(lenient.error());

  auto filter = bpflink::attach(bpflink::tcx_options{.interface = chain::hook().interface,
                                                     .hook = chain::hook().hook,
                                                     .program = *strict,
                                                     .mechanism = bpflink::mechanism_choice::link_only});
  if (!filter) return fail(filter.error());
  const auto info = filter->info();
  if (!info) return fail(info.error());

  const chain::monitor monitor{counted.before, counted.behind};
  if (!monitor.attached()) return 1;

  const auto show = [&](const char* what, const seen& expected) {
    return !shared::interrupted() && send_and_show(what, info->id, counted, monitor.process(), expected);
  };
  bool good = show("the filter drops what is large", {15, 15, 10});
  if (const auto updated = filter->update(*lenient, *strict); !updated) return fail(updated.error());
  good = show("the filter was swapped for one that drops nothing", {15, 15, 15}) && good;

  if (shared::interrupted()) {
    fmt::print("interrupted: what was attached goes with the network namespace\n");
    return 130;
  }
  fmt::print("{}\n", good ? "the order was kept" : "the order, or what was seen, is not what it should be");
  return good ? 0 : 1;
}
