// SPDX-License-Identifier: MIT
// value() of an error throws in a program that has exceptions and aborts in one that has none, however the library was
// built.
#include <unistd.h>

#include <bpflink/bpflink.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

int main() {
  auto program = bpflink::program::open_pinned("/no/such/pin");
#ifdef __cpp_exceptions
  try {
    (void)program.value();
  } catch (const tl::bad_expected_access<bpflink::bpf_error>& thrown) {
    if (thrown.error() != bpflink::errc::not_found) return 1;
    std::puts("threw");
    return 0;
  }
#else
  (void)std::signal(SIGABRT, [](int) { std::_Exit(::write(STDOUT_FILENO, "aborted\n", 8) == 8 ? 0 : 1); });
  (void)program.value();
#endif
  std::puts("went on");
  return 1;
}
