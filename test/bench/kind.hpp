// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpflink/bpflink.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/raw_bpf.hpp"

namespace bpflink::bench {

/// A kind of link, in what its rows need to know. Each kind has "KIND: attach, close" and, where its links can be
/// updated, "KIND: update".
struct kind {
  const char* name;
  std::string (*missing)();
  /// A descriptor, or an interface's index.
  std::uint32_t (*target)(stage& on);
  test::program_request program;
  /// What says the same to libbpf: "xdp".
  const char* section;
  /// Keeps a program attached while the row is measured, for at a hook's first program the kernel patches its own code;
  /// null for attaching it to the row's own target.
  void (*hold)(stage& on, sides& all, int program) = nullptr;
};

namespace kinds {

template <class Attach>
void hold(const kind& of, stage& on, sides& all, int program, const Attach& attach) {
  if (of.hold != nullptr) return of.hold(on, all, program);
  all.keep(test::fd{done(attach(of.target(on), program), "attaching a program to hold")});
}

template <class Raw, class Ours, class Theirs>
sides attach_and_close(stage& on, const kind& of, Raw raw, Ours ours, [[maybe_unused]] Theirs theirs) {
  sides all;
  const auto target = of.target(on);
  const int program = all.keep(test::load(of.program)).get();
  hold(of, on, all, program, raw);
  all.raw = repeated([=] { done(::close(done(raw(target, program), "attaching")), "closing"); });
  all.ours = repeated([options = ours(target, fd_ref{program})] { check(attach(options)); });
#if BPFLINK_BENCH_LIBBPF
  if constexpr (!std::is_same_v<Theirs, libbpf::none>) {
    bpf_program* const its = libbpf::load(of.section, of.program.code);
    if (of.hold != nullptr) of.hold(on, all, bpf_program__fd(its));
    all.libbpf = repeated([=] { libbpf::destroy(libbpf::made(theirs(its, static_cast<int>(target)), "attaching")); });
  }
#endif
  return all;
}

/// Two programs in turn: the kernel does nothing where a link is to have the program that it has.
template <class Link, class Raw>
sides update(stage& on, const kind& of, Raw raw) {
  sides all;
  std::pair<int, int> programs{all.keep(test::load(of.program)).get(), all.keep(test::load(of.program)).get()};
  hold(of, on, all, programs.first, raw);
  hold(of, on, all, programs.second, raw);
  const int link = all.keep(test::fd{done(raw(of.target(on), programs.first), "attaching")}).get();
  auto& ours = all.keep(got(Link::adopt(unique_fd::adopt(::dup(link)))));
  auto taking_turns = [programs]() mutable {
    std::swap(programs.first, programs.second);
    return programs.first;
  };
  all.raw = repeated([=]() mutable { done(raw::link_update(link, taking_turns()), "updating"); });
  all.ours = repeated([=, &ours]() mutable { check(ours.update(program_ref{fd_ref{taking_turns()}})); });
  all.libbpf = BPFLINK_WITH_LIBBPF(
      repeated([=]() mutable { done(bpf_link_update(link, taking_turns(), nullptr), "updating"); }));
  return all;
}

/// Adds the kind's rows. `raw` attaches a program to a target and gives a descriptor, `ours` gives the options that do
/// so, and `theirs` a bpf_link; libbpf::none{} where libbpf has no such kind.
template <class Raw, class Ours, class Theirs>
void add(std::vector<row>& rows, const kind& of, Raw raw, Ours ours, Theirs theirs) {
  using link = typename decltype(attach(ours(std::uint32_t{}, fd_ref{})))::value_type;
  rows.push_back({of.name + std::string{": attach, close"}, of.missing,
                  [=](stage& on) { return attach_and_close(on, of, raw, ours, theirs); }});
  if constexpr (link::capabilities.update) {
    rows.push_back(
        {of.name + std::string{": update"}, of.missing, [=](stage& on) { return update<link>(on, of, raw); }});
  }
}

}  // namespace kinds

}  // namespace bpflink::bench
