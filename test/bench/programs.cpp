// SPDX-License-Identifier: MIT
#include <array>

#include "bpflink/bpflink.hpp"
#include "libbpf.hpp"
#include "raw_calls.hpp"
#include "row.hpp"
#include "stage.hpp"
#include "support/kernel_version.hpp"

// Programs that are attached without a link, shown on a cgroup's.
namespace bpflink::bench {

namespace {

using test::attach_type::cgroup_inet_egress;

template <bool Careful>
sides attach_and_detach(stage& on) {
  sides all;
  const int program = on.egress.get();
  const auto target = raw::number_of(on.cgroup.get());
  all.raw = repeated([=] {
    done(raw::prog_attach(program, target, cgroup_inet_egress, test::flag::allow_multi), "attaching");
    if (Careful) {
      std::array<std::uint32_t, 64> there;
      done(raw::prog_query(target, cgroup_inet_egress, there.data(), there.size()), "asking who is there");
    }
    done(raw::prog_detach(program, target, cgroup_inet_egress), "detaching");
  });
  all.ours = repeated(
      [attached = raw_attach_options{.target = fd_ref{on.cgroup.get()},
                                     .hook = attach_type::cgroup_inet_egress,
                                     .program = fd_ref{program},
                                     .mode = attach_mode::multi},
       detached = raw_detach_options{
           .target = fd_ref{on.cgroup.get()}, .hook = attach_type::cgroup_inet_egress, .program = fd_ref{program}}] {
        check(attach_program(attached));
        check(detach_program(detached));
      });
  all.libbpf = BPFLINK_WITH_LIBBPF(repeated([=, cgroup = on.cgroup.get()] {
    done(bpf_prog_attach(program, cgroup, BPF_CGROUP_INET_EGRESS, test::flag::allow_multi), "attaching");
    done(bpf_prog_detach2(program, cgroup, BPF_CGROUP_INET_EGRESS), "detaching");
  }));
  return all;
}

}  // namespace

void add_programs(std::vector<row>& rows) {
  // The hook is any that there is: which target it takes, and what goes with it, is looked up for each question.
  constexpr double of_any_hook = 750;
  rows.push_back({"cgroup program, as careful: attach, detach", [] { return test::needs_kernel(5, 7, "bpf_link"); },
                  attach_and_detach<true>, 0, of_any_hook});
  // In some modes the kernel detaches whoever is there, so it is asked first which one the cgroup is in.
  rows.push_back({"cgroup program: attach, detach", [] { return test::needs_kernel(5, 7, "bpf_link"); },
                  attach_and_detach<false>, 1, of_any_hook});
}

}  // namespace bpflink::bench
