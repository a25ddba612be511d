// SPDX-License-Identifier: MIT
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "object_image.hpp"
#include "side.hpp"
#include "stage.hpp"

// The operations as its users write them.
namespace bpflink::bench {

namespace {

struct destroyer {
  void operator()(bpf_link* link) const noexcept { bpf_link__destroy(link); }
  void operator()(bpf_object* object) const noexcept { bpf_object__close(object); }
};
using link_owner = std::unique_ptr<bpf_link, destroyer>;

bpf_link* made(bpf_link* link, const char* doing) {
  if (link == nullptr) failed(doing);
  return link;
}

void done(int result, const char* doing) {
  if (result < 0) failed(doing);
}

void destroy(bpf_link* link) { done(bpf_link__destroy(link), "destroying a link"); }

/// One program, in an object of its own: what one hook lacks stops no other.
bpf_program* load(const std::string& section, test::instructions code) {
  static std::vector<std::unique_ptr<bpf_object, destroyer>> objects;
  const auto image = object_image({{section, "bench", std::move(code)}});
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "bench";
  objects.emplace_back(bpf_object__open_mem(image.data(), image.size(), &options));
  if (!objects.back()) failed("libbpf opening a program");
  done(bpf_object__load(objects.back().get()), "libbpf loading a program");
  return bpf_object__find_program_by_name(objects.back().get(), "bench");
}

bpf_program* egress() {
  static bpf_program* const program = load("cgroup_skb/egress", test::return_value(1));
  return program;
}

std::shared_ptr<bpf_link> some_link(stage& on) {
  return {made(bpf_program__attach_cgroup(egress(), on.cgroup.get()), "attaching to the cgroup"), destroyer{}};
}

side attach_cgroup(stage& on) {
  return repeated([program = egress(), target = on.cgroup.get()] {
    destroy(made(bpf_program__attach_cgroup(program, target), "attaching"));
  });
}

side attach_cgroup_by_path(stage& on) {
  return repeated([program = egress(), path = on.cgroup.path()] {
    const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    done(directory, "opening the cgroup");
    auto* const link = made(bpf_program__attach_cgroup(program, directory), "attaching");
    done(::close(directory), "closing");
    destroy(link);
  });
}

side attach_netns(stage& on) {
  static bpf_program* const program = load("sk_lookup", test::return_value(1));
  return repeated(
      [target = on.netns.get()] { destroy(made(bpf_program__attach_netns(program, target), "attaching")); });
}

side attach_raw_tracepoint() {
  static bpf_program* const program = load("raw_tp", test::return_value(0));
  return repeated([] { destroy(made(bpf_program__attach_raw_tracepoint(program, stage::tracepoint), "attaching")); });
}

side attach_xdp(stage& on) {
  static bpf_program* const program = [&] {
    auto* const loaded = load("xdp", test::return_value(2));
    on.keep_attached(bpf_program__fd(loaded));
    return loaded;
  }();
  return repeated([] { destroy(made(bpf_program__attach_xdp(program, stage::interface), "attaching")); });
}

side info(stage& on) {
  return repeated([link = some_link(on)] {
    bpf_link_info into{};
    __u32 size = sizeof into;
    done(bpf_obj_get_info_by_fd(bpf_link__fd(link.get()), &into, &size), "asking for information");
  });
}

side update(stage& on) {
  static bpf_program* const other = load("cgroup_skb/egress", test::return_value(1));
  return repeated([link = some_link(on)] { done(bpf_link__update_program(link.get(), other), "updating"); });
}

side detach(stage& on) {
  return repeated([program = egress(), target = on.cgroup.get()] {
    auto* const link = made(bpf_program__attach_cgroup(program, target), "attaching");
    done(bpf_link__detach(link), "detaching");
    destroy(link);
  });
}

side pin(stage& on) {
  return repeated([link = some_link(on), path = on.pins / "libbpf"] {
    done(bpf_link__pin(link.get(), path.c_str()), "pinning");
    done(bpf_link__unpin(link.get()), "unpinning");
  });
}

side open_pinned(stage& on) {
  return repeated([path = on.pinned_link()] { destroy(made(bpf_link__open(path->c_str()), "opening a pin")); });
}

side attach_tracepoint() {
  static const auto programs = [] {
    std::array<bpf_program*, keepable> loaded{};
    for (auto*& program : loaded) program = load("tracepoint", test::return_value(0));
    return loaded;
  }();
  return kept([](std::size_t nth) {
    auto* const link = bpf_program__attach_tracepoint(programs[nth], stage::tracepoint_category, stage::tracepoint);
    return link_owner{made(link, "attaching")};
  });
}

side read_iterator(stage& on) {
  static bpf_program* const program = load("iter/bpf_map_elem", test::write_elements());
  bpf_iter_link_info target{};
  target.map.map_fd = static_cast<__u32>(on.map.get());
  bpf_iter_attach_opts options{};
  options.sz = sizeof options;
  options.link_info = &target;
  options.link_info_len = sizeof target;
  const std::shared_ptr<bpf_link> link{made(bpf_program__attach_iter(program, &options), "attaching"), destroyer{}};
  return repeated([link] {
    const int run = bpf_iter_create(bpf_link__fd(link.get()));
    done(run, "opening the iterator");
    alignas(8) std::array<std::byte, iterator_buffer> buffer;
    ssize_t got = 0;
    do got = ::read(run, buffer.data(), buffer.size());
    while (got > 0);
    done(static_cast<int>(got), "reading");
    done(::close(run), "closing");
  });
}

}  // namespace

std::string libbpf_version() {
  return "libbpf " + std::to_string(libbpf_major_version()) + "." + std::to_string(libbpf_minor_version());
}

side libbpf_side(operation what, stage& on) {
  switch (what) {
    case operation::attach_cgroup:
      return attach_cgroup(on);
    case operation::attach_cgroup_by_path:
      return attach_cgroup_by_path(on);
    case operation::attach_netns:
      return attach_netns(on);
    case operation::attach_raw_tracepoint:
      return attach_raw_tracepoint();
    case operation::attach_xdp:
      return attach_xdp(on);
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
      return attach_tracepoint();
    case operation::read_iterator:
      return read_iterator(on);
    case operation::attach_uprobe_multi:  // not before libbpf 1.3
      break;
  }
  return {};
}

}  // namespace bpflink::bench
