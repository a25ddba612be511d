// SPDX-License-Identifier: MIT
#include "monitor.hpp"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <bpflink/format.hpp>
#include <csignal>
#include <cstdio>

namespace chain {

namespace {

using bpflink::attached_programs;
using bpflink::position;

// Only as long as the hook is as it was seen: should somebody change it meanwhile, it is looked at again.
bpflink::expected<bpflink::tcx_link> attach_beside(bpflink::program_id neighbour, const bpflink::program& ours,
                                                   position (*side)(bpflink::anchor)) {
  return bpflink::retry_on_change([] { return bpflink::query(hook()); },
                                  [&](const attached_programs& now) {
                                    return bpflink::attach(bpflink::tcx_options{.interface = hook().interface,
                                                                                .hook = hook().hook,
                                                                                .program = ours,
                                                                                .position = side(neighbour),
                                                                                .expected_revision = now.revision()});
                                  });
}

int fail(const bpflink::bpf_error& error) {
  fmt::print(stderr, "monitor: {}\n", error);
  return 1;
}

int watch(int line, const counter& before, const counter& behind) {
  const auto there = bpflink::query(hook());
  if (!there) return fail(there.error());
  if (there->empty()) return 1;
  const auto filter = (*there)[0].program;

  const auto incoming = load_watcher("incoming", before);
  if (!incoming) return fail(incoming.error());
  const auto passed = load_watcher("let_through", behind);
  if (!passed) return fail(passed.error());
  const auto first = attach_beside(filter, *incoming, position::before);
  if (!first) return fail(first.error());
  const auto last = attach_beside(filter, *passed, position::after);
  if (!last) return fail(last.error());

  char byte = 1;
  if (::write(line, &byte, 1) != 1) return 1;
  return ::read(line, &byte, 1) < 0 ? 1 : 0;  // until the other end is closed
}

}  // namespace

monitor::monitor(const counter& before, const counter& behind) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0) return;
  line_ = bpflink::unique_fd::adopt(ends[0]);
  auto theirs = bpflink::unique_fd::adopt(ends[1]);
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    line_.reset();
    const int status = watch(theirs.get(), before, behind);
    std::fflush(nullptr);
    ::_exit(status);
  }
  theirs.reset();
  char byte = 0;
  attached_ = ::read(line_.get(), &byte, 1) == 1;
}

monitor::~monitor() {
  line_.reset();
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
}

}  // namespace chain
