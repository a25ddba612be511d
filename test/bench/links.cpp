// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "bpflink/bpflink.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"

// What any link can do, shown on a cgroup's.
namespace bpflink::bench {

namespace {

using test::attach_type::cgroup_inet_egress;

std::string needs_links() { return test::needs_kernel(5, 7, "bpf_link"); }
std::string needs_info() { return test::needs_kernel(5, 8, "information on links"); }
std::string needs_detach() { return test::needs_kernel(5, 9, "BPF_LINK_DETACH"); }

cgroup_options egress_of(stage& on) {
  return {.cgroup = fd_ref{on.cgroup.get()}, .hook = cgroup_hook::inet_egress, .program = fd_ref{on.egress.get()}};
}

#if BPFLINK_BENCH_LIBBPF
bpf_program* libbpf_egress() {
  static bpf_program* const program = libbpf::load("cgroup_skb/egress", test::return_value(1));
  return program;
}

std::shared_ptr<bpf_link> libbpf_link(stage& on) {
  return {libbpf::made(bpf_program__attach_cgroup(libbpf_egress(), on.cgroup.get()), "attaching"), libbpf::destroyer{}};
}
#endif

sides attach_by_path(stage& on) {
  sides all;
  const auto path = on.cgroup.path();
  all.raw = repeated([program = on.egress.get(), path] {
    const int directory = done(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "opening the cgroup");
    const int link = done(raw::link_create(program, raw::number_of(directory), cgroup_inet_egress), "attaching");
    done(::close(directory), "closing");
    done(::close(link), "closing");
  });
  all.ours = repeated([program = on.egress.get(), path] {
    check(attach(cgroup_options{.cgroup = path, .hook = cgroup_hook::inet_egress, .program = fd_ref{program}}));
  });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([program = libbpf_egress(), path] {
    const int directory = done(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "opening the cgroup");
    auto* const link = libbpf::made(bpf_program__attach_cgroup(program, directory), "attaching");
    done(::close(directory), "closing");
    libbpf::destroy(link);
  }));
  return all;
}

sides info(stage& on) {
  sides all;
  const int link = all.keep(on.some_link()).get();
  const auto& ours = all.keep(got(attach(egress_of(on))));
  all.raw = repeated([=] {
    alignas(8) std::array<std::byte, 64> into{};
    done(raw::info(link, into.data(), sizeof into), "asking for information");
  });
  all.ours = repeated([&ours] { check(ours.info()); });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([=] {
    bpf_link_info into{};
    __u32 size = sizeof into;
    done(bpf_obj_get_info_by_fd(link, &into, &size), "asking for information");
  }));
  return all;
}

sides detach(stage& on) {
  sides all;
  all.raw = repeated([program = on.egress.get(), target = raw::number_of(on.cgroup.get())] {
    const int link = done(raw::link_create(program, target, cgroup_inet_egress), "attaching");
    done(raw::link_detach(link), "detaching");
    done(::close(link), "closing");
  });
  all.ours = repeated([options = egress_of(on)] {
    auto link = attach(options);
    check(link);
    check(link->detach());
  });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([program = libbpf_egress(), target = on.cgroup.get()] {
    auto* const link = libbpf::made(bpf_program__attach_cgroup(program, target), "attaching");
    done(bpf_link__detach(link), "detaching");
    libbpf::destroy(link);
  }));
  return all;
}

sides pin(stage& on) {
  sides all;
  const int link = all.keep(on.some_link()).get();
  const auto& ours = all.keep(got(attach(egress_of(on))));
  all.raw = repeated([link, path = on.pins / "raw"] {
    done(raw::pin(link, path.c_str()), "pinning");
    done(::unlink(path.c_str()), "unpinning");
  });
  all.ours = repeated([&ours, path = on.pins / "our"] {
    check(ours.pin(path));
    check(ours.unpin(path));
  });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([link = libbpf_link(on), path = on.pins / "lib"] {
    done(bpf_link__pin(link.get(), path.c_str()), "pinning");
    done(bpf_link__unpin(link.get()), "unpinning");
  }));
  return all;
}

sides open_pinned(stage& on) {
  sides all;
  const auto path = on.pinned_link();
  all.raw = repeated([path] { done(::close(done(raw::open_pinned(path->c_str()), "opening a pin")), "closing"); });
  all.ours = repeated([path] { check(cgroup_link::open_pinned(*path)); });
  all.libbpf = BPFLINK_WITH_LIBBPF(
      repeated([path] { libbpf::destroy(libbpf::made(bpf_link__open(path->c_str()), "opening a pin")); }));
  return all;
}

}  // namespace

void add_links(std::vector<row>& rows) {
  rows.push_back({"cgroup by path: attach, close", needs_links, attach_by_path});
  rows.push_back({"link: info", needs_info, info});
  rows.push_back({"link: attach, detach, close", needs_detach, detach});
  rows.push_back({"link: pin, unpin", needs_links, pin});
  // The kernel opens any pin: that it is a link, and of which kind, are two questions more.
  rows.push_back({"link: open pinned, close", needs_links, open_pinned, 2});
}

}  // namespace bpflink::bench
