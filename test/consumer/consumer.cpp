// SPDX-License-Identifier: MIT
// A program of somebody else: the public headers, warnings as errors, and neither exceptions nor RTTI needed.
#include <bpflink/bpflink.hpp>
#include <cstdio>
#include <string>
#include <utility>

namespace {

int failures = 0;

void expect(bool truth, const char* what) {
  if (truth) return;
  ++failures;
  std::printf("not so: %s\n", what);
}

template <class T>
bpflink::expected<T> pass_on(bpflink::expected<T> result) {
  return result;
}

}  // namespace

int main() {
  const auto program = pass_on(bpflink::program::open_pinned("/no/such/pin"));
  expect(!program, "a pin that is not there cannot be opened");
  if (!program) {
    expect(program.error() == bpflink::errc::not_found, "a pin that is not there is not found");
    expect(program.error().code() == bpflink::errc::not_found, "code() says the same");
    std::printf("%s\n", program.error().message().c_str());
  }

  const auto link = bpflink::attach(bpflink::cgroup_options{
      .cgroup = "/no/such/cgroup",
      .hook = bpflink::cgroup_hook::inet_egress,
      .program = bpflink::program_ref{bpflink::fd_ref{1000}},
  });
  expect(!link, "nothing attaches to a cgroup that is not there");
  if (!link) {
    const std::string text = link.error().message();
    expect(text.find("/no/such/cgroup") != std::string::npos, "the message names the cgroup");
    std::printf("%s\n", text.c_str());
  }

  bpflink::unique_fd owner;
  expect(!owner, "an empty owner owns nothing");
  const bpflink::unique_fd next = std::move(owner);
  expect(next.get() == -1, "nor does what it is moved into");
  return failures == 0 ? 0 : 1;
}
