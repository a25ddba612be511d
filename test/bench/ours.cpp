// SPDX-License-Identifier: MIT
#include <array>
#include <stdexcept>
#include <utility>

#include "bpflink/bpflink.hpp"
#include "side.hpp"
#include "stage.hpp"

// The operations as our users write them.
namespace bpflink::bench {

namespace {

template <class T>
T got(expected<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return *std::move(result);
}

void done(const expected<void>& result) {
  if (!result) throw std::runtime_error(result.error().message());
}

template <class Link>
void check(const expected<Link>& link) {
  if (!link) throw std::runtime_error(link.error().message());
}

/// Attaches as the options say, and closes.
template <class Options>
side attach_and_close(const Options& options) {
  return repeated([options] { check(attach(options)); });
}

cgroup_options egress_of(stage& on) {
  return {.cgroup = fd_ref{on.cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = fd_ref{on.egress.get()}};
}

std::shared_ptr<cgroup_link> some_link(stage& on) { return std::make_shared<cgroup_link>(got(attach(egress_of(on)))); }

side attach_cgroup_by_path(stage& on) {
  return repeated([program = on.egress.get(), path = on.cgroup.path()] {
    check(attach(cgroup_options{.cgroup = path, .hook = cgroup_hook::inet_egress, .program = fd_ref{program}}));
  });
}

side info(stage& on) {
  return repeated([link = some_link(on)] { check(link->info()); });
}

side update(stage& on) {
  return repeated(
      [link = some_link(on), program = program_ref{fd_ref{on.other_egress.get()}}] { done(link->update(program)); });
}

side detach(stage& on) {
  return repeated([options = egress_of(on)] {
    auto link = attach(options);
    check(link);
    done(link->detach());
  });
}

side pin(stage& on) {
  return repeated([link = some_link(on), path = on.pins / "ours"] {
    done(link->pin(path));
    done(link->unpin(path));
  });
}

side open_pinned(stage& on) {
  return repeated([path = on.pinned_link()] { check(cgroup_link::open_pinned(*path)); });
}

side attach_raw_tracepoint(stage& on) {
  return attach_and_close(
      raw_tracepoint_options{.name = stage::tracepoint, .program = fd_ref{on.raw_tracepoint_program.get()}});
}

side attach_tracepoint(stage& on) {
  return kept([&programs = on.tracepoint_programs](std::size_t nth) {
    auto link = attach(tracepoint_options{
        .category = stage::tracepoint_category, .name = stage::tracepoint, .program = fd_ref{programs[nth].get()}});
    check(link);
    return link;
  });
}

side attach_uprobe_multi(stage& on) {
  return kept([program = on.uprobe.get(), path = on.probed](std::size_t) {
    const std::uint64_t offset = stage::probe_offset;
    auto link = attach(uprobe_multi_options{.path = path, .offsets = {&offset, 1}, .program = fd_ref{program}});
    check(link);
    return link;
  });
}

side read_iterator(stage& on) {
  const iterator_options options{.program = fd_ref{on.iterator.get()},
                                 .parameters = iterator_parameters::over_map(fd_ref{on.map.get()})};
  return repeated([link = std::make_shared<iterator_link>(got(attach(options)))] {
    auto reader = link->open();
    check(reader);
    alignas(8) std::array<std::byte, iterator_buffer> buffer;
    for (auto size = reader->read(buffer);; size = reader->read(buffer)) {
      check(size);
      if (*size == 0) break;
    }
  });
}

}  // namespace

side our_side(operation what, stage& on) {
  switch (what) {
    case operation::attach_cgroup:
      return attach_and_close(egress_of(on));
    case operation::attach_cgroup_by_path:
      return attach_cgroup_by_path(on);
    case operation::attach_netns:
      return attach_and_close(netns_options{
          .netns = fd_ref{on.netns.get()}, .hook = netns_hook::sk_lookup, .program = fd_ref{on.sk_lookup.get()}});
    case operation::attach_raw_tracepoint:
      return attach_raw_tracepoint(on);
    case operation::attach_xdp:
      return attach_and_close(xdp_options{.interface = ifindex{stage::interface}, .program = fd_ref{on.xdp.get()}});
    case operation::info:
      return info(on);
    case operation::update:
      return update(on);
    case operation::detach:
      return detach(on);
    case operation::pin:
      return pin(on);
    case operation::open_pinned:
      return open_pinned(on);
    case operation::attach_tracepoint:
      return attach_tracepoint(on);
    case operation::attach_uprobe_multi:
      return attach_uprobe_multi(on);
    case operation::read_iterator:
      return read_iterator(on);
  }
  return {};
}

}  // namespace bpflink::bench
