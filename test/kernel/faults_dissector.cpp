// SPDX-License-Identifier: MIT
// A flow dissector without a link, where each system call of an update, a detach and a close fails in turn: by a thread
// in the namespace, and by one elsewhere. The hidden cases run with those of faults_fallback.cpp, where BPF_LINK_CREATE
// is unknown.
#include <sys/syscall.h>

#include <cerrno>
#include <functional>
#include <string>

#include "faults_bare.hpp"
#include "netns_programs.hpp"
#include "support/catch.hpp"

namespace bpflink {

namespace {

using attachment = faults::bare_attachment<netns_link>;

// EINVAL to the question what is attached is what kernels before 5.2 say. What is found out of the namespace's file
// tells whether it is the thread's own: else it is entered.
bool may_work(const test::system_call& call, int error) {
  const bool of_file = call.number == SYS_fstat || call.number == SYS_newfstatat || call.number == SYS_statx;
  const bool not_told = call.number == SYS_bpf && call.command() == test::command::prog_query && error == EINVAL;
  return of_file || not_told || faults::may_work(call, error);
}

std::string fails_well(const std::function<faults::operation(attachment&)>& tested) {
  for (const bool inside : {true, false}) {
    const test::netns_fixture netns;
    const faults::bare_hook<netns_link> hook{
        .attach =
            [&netns](program_ref program) {
              return attach_inside(netns, {.hook = netns_hook::flow_dissector, .program = program});
            },
        .attached = [&netns] { return programs_in(netns, test::attach_type::flow_dissector); },
        .detach =
            [&netns](const test::fd& program) {
              int error = 0;
              netns.run([&] { error = test::prog_detach(0, program.get(), test::attach_type::flow_dissector); });
              return error;
            }};
    const auto fail = [&] {
      attachment here{hook, load_dissector(), load_dissector()};
      here.fail(faults::few_errors(), tested(here));
    };
    const auto ended = test::in_child([&] { inside ? netns.run(fail) : fail(); }, 100).failure();
    if (!ended.empty()) return (inside ? "inside: " : "elsewhere: ") + ended;
  }
  return {};
}

}  // namespace

TEST_CASE("old faults: updating a flow dissector", "[.][old-faults]") {
  SKIP_IF(test::needs_kernel(5, 5, "flow dissectors that can be swapped"));
  // ENOENT reads as that nothing is there any more, and it need not be known whether the next program is the one that
  // is there.
  const auto tolerated = [](const test::system_call& call, int error) {
    const bool asks = call.number == SYS_bpf && call.command() == test::command::obj_get_info_by_fd;
    return asks || may_work(call, error);
  };
  CHECK(fails_well([&](auto& here) { return here.update(tolerated, {{ENOENT, errc::defunct}}); }) == "");
}

TEST_CASE("old faults: detaching a flow dissector", "[.][old-faults]") {
  CHECK(fails_well([](auto& here) { return here.detach(may_work); }) == "");
}

TEST_CASE("old faults: closing what dissects flows", "[.][old-faults]") {
  CHECK(fails_well([](auto& here) { return here.close(may_work); }) == "");
}

}  // namespace bpflink
