// SPDX-License-Identifier: MIT
//
// A TCP congestion control that is made of BPF programs, registered, updated and taken away by bpflink: who asks for it
// by name gets it exactly as long as it is attached. Connections are over loopback in a network namespace of our own;
// the name is there for the whole system. Needs root.
//
// A program that has libbpf load an object file with a map in the section .struct_ops.link writes no value, and
// attaches by
//
//     bpflink::attach(bpflink::struct_ops_options{.map = bpflink::borrow(skeleton->maps.my_control)});

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpflink/bpflink.hpp>
#include <bpflink/format.hpp>
#include <string>
#include <utility>
#include <vector>

#include "../shared/interrupts.hpp"
#include "../shared/network.hpp"
#include "control.hpp"
#include "transfer.hpp"

namespace {

class show {
 public:
  show(std::string name, const example::control& first, const example::control& second)
      : name_{std::move(name)}, first_{first}, second_{second} {
    fmt::print("{:34}  {:26}  {:>8}  {:>12}  {:>13}\n", "", "setsockopt(TCP_CONGESTION)", "bytes", "runs (first)",
               "runs (second)");
  }

  // One line: a transfer, and what it made run. Returns whether it is as it should be.
  bool line(const std::string& when, bool expected) const {
    constexpr std::size_t bytes = 262144;
    const auto before = std::pair{first_.runs(), second_.runs()};
    const auto done = example::send_by(name_, bytes);
    const auto first = first_.runs() - before.first;
    const auto second = second_.runs() - before.second;
    fmt::print("{:34}  {:26}  {:>8}  {:>12}  {:>13}\n", when, done.chosen, done.bytes, first, second);
    return expected == (done.chosen == "ok") && done.bytes == (expected ? bytes : 0) &&
           (first + second != 0) == expected;
  }

 private:
  std::string name_;
  const example::control& first_;
  const example::control& second_;
};

// Returns what is wrong, or nothing.
std::string run(const std::string& name) {
  if (!shared::enter_own_network()) return "a network namespace cannot be made: this needs root";
  std::string why;
  const auto first = example::control::make(name, why);
  const auto second = first ? example::control::make(name, why) : std::nullopt;
  if (!second) return why;

  bool good = true;
  const show table{name, *first, *second};
  good &= table.line("before", false);
  if (shared::interrupted()) return {};

  auto link = bpflink::attach(bpflink::struct_ops_options{.map = first->map(), .value = first->value()});
  if (!link) return link.error().message();
  const auto info = link->info();
  good &= table.line(
      info ? fmt::format("attached: link {}", info->id) : fmt::format("attached by {}", link->mechanism()), true);
  if (shared::interrupted()) return {};

  // A link goes over to another map, once that is filled; what registered itself cannot.
  std::string words;
  if (link->mechanism() == bpflink::mechanism::link) {
    const auto filled = second->fill();
    if (!filled.empty()) return filled;
    if (const auto updated = link->update(second->map(), first->map()); !updated) return updated.error().message();
    good &= table.line("updated to the second map", true);
  } else if (const auto refused = link->update(second->map()); !refused) {
    words = refused.error().message();
  }
  if (shared::interrupted()) return {};

  if (const auto closed = link->close(); !closed) return closed.error().message();
  good &= table.line("closed", false);
  if (!words.empty()) fmt::print("\nnot updated: {}\n", words);
  return good ? std::string{} : "that is not what should have been seen";
}

}  // namespace

int main() {
  shared::watch_for_interrupts();
  utsname system{};
  ::uname(&system);
  const auto name = fmt::format("bpflink{}", ::getpid());
  fmt::print("bpflink {} on Linux {}: congestion control {}\n\n", BPFLINK_VERSION, system.release, name);
  const auto wrong = run(name);
  if (shared::interrupted()) {
    fmt::print("\ninterrupted: nothing is registered any more\n");
    return 130;
  }
  if (!wrong.empty()) {
    fmt::print("{}\n", wrong);
    return 1;
  }
  fmt::print("\nchosen while attached, and only then\n");
  return 0;
}
