// SPDX-License-Identifier: MIT
// Probes against the running kernel, and what they leave behind: nothing.
#include "bpflink/features.hpp"

#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "order_helpers.hpp"
#include "support/catch.hpp"
#include "support/child.hpp"
#include "support/constants.hpp"
#include "support/fd.hpp"
#include "support/kernel_version.hpp"
#include "support/netns_fixture.hpp"
#include "support/old_kernel.hpp"
#include "support/privileges.hpp"
#include "support/rtnetlink.hpp"
#include "support/seccomp.hpp"
#include "support/syscall_supervisor.hpp"
#include "unprivileged.hpp"

namespace bpflink {

namespace {

std::array<feature_report, feature_count> whole_report() {
  std::array<feature_report, feature_count> rows{};
  REQUIRE(report_features(rows).size() == feature_count);
  return rows;
}

// Netkit devices are left out of some builds; who can make one has them.
bool has_netkit() {
  int made = 0;
  test::netns_fixture{}.run([&made] { made = test::create_netkit("nk0", "nk1"); });
  return made == 0;
}

// But for that, and for what stable kernels were given later, these kernels are built with all that the library knows,
// so the version alone decides.
bool has_by_version(const feature_report& row) {
  if (row.what == feature::netkit_links && !has_netkit()) return false;
  if (row.what == feature::cgroup_order) return has_cgroup_order();
  if (row.what == feature::cgroup_preorder) return has_cgroup_preorder();
  return test::at_least(row.since.major, row.since.minor);
}

}  // namespace

TEST_CASE("features: what this kernel has by its version is there, and nothing else", "[features]") {
  SKIP_IF(test::needs_root());
  for (const auto& row : whole_report()) {
    INFO(std::string{to_string(row.what)});
    CHECK(to_string(row.available) == to_string(has_by_version(row) ? availability::yes : availability::no));
    CHECK(probe(row.what) == row.available);
    CHECK(since(row.what) == row.since);
    CHECK_FALSE(description(row.what).empty());
  }
}

TEST_CASE("features: asking again asks nobody", "[features]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor;
          static_cast<void>(whole_report());
          test::expect_equal(static_cast<int>(supervisor.count_calls([] { static_cast<void>(whole_report()); })), 0);
        }).failure() == "");
}

TEST_CASE("features: probes leave no descriptor, program or link behind", "[features]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor;
          const auto before = test::open_descriptors();
          const auto calls = supervisor.record_calls([] { static_cast<void>(whole_report()); });
          test::expect_equal(test::leaked(before, test::open_descriptors()), std::string{});
          // Nothing but questions: no pin, no attachment that could succeed, no socket.
          for (const auto& call : calls) {
            test::expect(call.number != SYS_socket && call.number != SYS_unlink && call.number != SYS_perf_event_open,
                         "a probe makes no such call");
          }
        }).failure() == "");
}

// A process remembers what its probes found: these cases run in one that has asked nothing yet.
TEST_CASE("features: in a process that has asked nothing yet", "[features]") {
  SKIP_IF(test::needs_root());
  SKIP_IF(test::needs_supervisor());
  SKIP_IF(test::needs_kernel(5, 7, "BPF_LINK_CREATE"));
  CHECK(test::on_old_kernel("fresh-features", [] {}).failure() == "");
  CHECK(test::on_old_kernel("features-refused", [] {
          test::refuse_bpf({test::command::link_create, test::command::iter_create, test::command::link_detach,
                            test::command::prog_query, test::command::raw_tracepoint_open},
                           EINVAL);
        }).failure() == "");
}

TEST_CASE("fresh features: without privileges the answer is forbidden", "[.][fresh-features]") {
  CHECK(test::in_child([] {
          test::become_nobody();
          for (const auto what : {feature::prog_attach, feature::netns_links, feature::uprobe_multi}) {
            const auto answer = probe(what);
            test::expect(answer == availability::forbidden,
                         std::string{to_string(what)} + ": " + std::string{to_string(answer)});
          }
        }).failure() == "");
}

// What is not permitted is not missing, and no error may say so.
TEST_CASE("fresh features: no capability that is missing makes a feature one that is", "[.][fresh-features]") {
  using capabilities = std::vector<int>;
  for (const auto& some : {capabilities{}, capabilities{test::cap_bpf}, capabilities{test::cap_net_admin},
                           capabilities{test::cap_bpf, test::cap_net_admin}}) {
    CHECK(test::in_child([&] {
            std::vector<feature> there;
            for (std::size_t index = 0; index < feature_count; ++index) {
              const feature_report row{static_cast<feature>(index), availability::unknown,
                                       since(static_cast<feature>(index))};
              if (has_by_version(row)) there.push_back(row.what);
            }
            test::become_nobody(some);
            for (const auto what : there) {
              const auto answer = probe(what);
              test::expect(answer != availability::no, std::string{to_string(what)} + ": no, with " +
                                                           std::to_string(some.size()) + " capabilities");
            }
          }).failure() == "");
  }
}

TEST_CASE("fresh features: a refusal that says nothing of the kernel is not remembered", "[.][fresh-features]") {
  CHECK(test::in_child([] {
          test::syscall_supervisor supervisor({SYS_bpf});
          for (const int error : {EPERM, EACCES, ENOMEM, EMFILE, EINTR}) {
            availability answer = availability::yes;
            supervisor.with_handler([error](const test::observed_call&) { return test::verdict::fail(error); },
                                    [&answer] { answer = probe(feature::bpf_link); });
            const bool forbidden = error == EPERM || error == EACCES;
            test::expect(answer == (forbidden ? availability::forbidden : availability::unknown),
                         "errno " + std::to_string(error));
          }
          errno = ELOOP;
          const auto there = probe(feature::bpf_link);
          test::expect_equal(errno, ELOOP, "errno after a probe");
          test::expect(there == availability::yes, "asked anew");
        }).failure() == "");
}

TEST_CASE("fresh features: a kernel without a command says no", "[.][features-refused]") {
  for (const auto what :
       {feature::bpf_link, feature::xdp_links, feature::perf_links, feature::netns_links, feature::uprobe_multi,
        feature::uprobe_multi_process, feature::cgroup_order, feature::iterator, feature::iterator_task_parameters,
        feature::link_detach, feature::prog_query, feature::raw_tracepoint, feature::raw_tracepoint_cookie}) {
    INFO(std::string{to_string(what)});
    CHECK(to_string(probe(what)) == "no");
  }
  CHECK(to_string(probe(feature::prog_attach)) == "yes");
}

}  // namespace bpflink
