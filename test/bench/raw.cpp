// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "raw_calls.hpp"
#include "side.hpp"
#include "stage.hpp"

// The operations as nobody could do them with less.
namespace bpflink::bench {

namespace {

using test::attach_type::cgroup_inet_egress;

int opened(int descriptor, const char* doing) {
  if (descriptor < 0) failed(doing);
  return descriptor;
}

void done(int result, const char* doing) {
  if (result < 0) failed(doing);
}

void close_now(int descriptor) { done(::close(descriptor), "closing"); }

side attach_by_number(int program, std::uint32_t target, std::uint32_t type) {
  return repeated([=] { close_now(opened(raw::link_create(program, target, type), "attaching")); });
}

side attach_cgroup_by_path(stage& on) {
  return repeated([program = on.egress.get(), path = on.cgroup.path()] {
    const int directory = opened(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "opening the cgroup");
    const int link = opened(raw::link_create(program, raw::number_of(directory), cgroup_inet_egress), "attaching");
    close_now(directory);
    close_now(link);
  });
}

side attach_raw_tracepoint(stage& on) {
  return repeated([program = on.raw_tracepoint_program.get()] {
    close_now(opened(raw::raw_tracepoint_open(stage::tracepoint, program), "attaching"));
  });
}

side info(stage& on) {
  return repeated([link = on.some_link()] {
    alignas(8) std::array<std::byte, 64> into{};
    done(raw::info(link->get(), into.data(), sizeof into), "asking for information");
  });
}

side update(stage& on) {
  return repeated([link = on.some_link(), program = on.other_egress.get()] {
    done(raw::link_update(link->get(), program), "updating");
  });
}

side detach(stage& on) {
  return repeated([program = on.egress.get(), target = raw::number_of(on.cgroup.get())] {
    const int link = opened(raw::link_create(program, target, cgroup_inet_egress), "attaching");
    done(raw::link_detach(link), "detaching");
    close_now(link);
  });
}

side pin(stage& on) {
  return repeated([link = on.some_link(), path = on.pins / "raw"] {
    done(raw::pin(link->get(), path.c_str()), "pinning");
    done(::unlink(path.c_str()), "unpinning");
  });
}

side open_pinned(stage& on) {
  return repeated([path = on.pinned_link()] { close_now(opened(raw::open_pinned(path->c_str()), "opening a pin")); });
}

struct owned {
  explicit owned(int descriptor) : number(descriptor) {}
  owned(const owned&) = delete;
  owned& operator=(const owned&) = delete;
  ~owned() { ::close(number); }
  int number;
};

side attach_tracepoint(stage& on) {
  return kept([&programs = on.tracepoint_programs, id = on.tracepoint_id](std::size_t nth) {
    const int event = opened(raw::tracepoint_event(id), "opening the event");
    const int link = opened(raw::perf_link_create(programs[nth].get(), event), "attaching");
    close_now(event);  // the link holds it
    return owned{link};
  });
}

side attach_uprobe_multi(stage& on) {
  return kept([program = on.uprobe.get(), path = on.probed](std::size_t) {
    const std::uint64_t offset = stage::probe_offset;
    return owned{opened(raw::uprobe_multi_create(program, path.c_str(), &offset, 1), "attaching")};
  });
}

side read_iterator(stage& on) {
  const int link = opened(raw::map_iterator_create(on.iterator.get(), on.map.get()), "attaching");
  return repeated([link = std::make_shared<test::fd>(link)] {
    const int run = opened(raw::iterator_open(link->get()), "opening the iterator");
    alignas(8) std::array<std::byte, iterator_buffer> buffer;
    ssize_t got = 0;
    do got = ::read(run, buffer.data(), buffer.size());
    while (got > 0);
    done(static_cast<int>(got), "reading");
    close_now(run);
  });
}

}  // namespace

side raw_side(operation what, stage& on) {
  switch (what) {
    case operation::attach_cgroup:
      return attach_by_number(on.egress.get(), raw::number_of(on.cgroup.get()), cgroup_inet_egress);
    case operation::attach_cgroup_by_path:
      return attach_cgroup_by_path(on);
    case operation::attach_netns:
      return attach_by_number(on.sk_lookup.get(), raw::number_of(on.netns.get()), test::attach_type::sk_lookup);
    case operation::attach_raw_tracepoint:
      return attach_raw_tracepoint(on);
    case operation::attach_xdp:
      return attach_by_number(on.xdp.get(), raw::number_of(stage::interface), test::attach_type::xdp);
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
